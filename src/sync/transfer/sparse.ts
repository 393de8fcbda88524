import type { ImageOutcome } from '../../copy/session.ts';
import { CopySession } from '../../copy/session.ts';
import { platformSubset } from '../../copy/platform-subset.ts';
import type { RootPlan } from '../../copy/resolve-root.ts';
import type { CopyCounts, ImageRequest } from '../../copy/types.ts';
import { AppError, isContentMissing } from '../../errors/app-error.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { nameOf } from '../plan/types.ts';
import { copyOptionsOf, type RouteContext } from './context.ts';

/** What a route needs of a copy session. */
export type ImageCopier = Pick<CopySession, 'resolve' | 'image' | 'commit' | 'counts'>;

/**
 * Copies the chosen images of an index, then the index as it is: it keeps its digest, and lists
 * images that the target does not have. Not every registry takes that.
 */
export class SparseCopier implements ImageCopier {
  readonly #at: RouteContext;
  readonly #whole: CopySession;
  readonly #index: CopySession;
  readonly #single: CopySession;

  constructor(at: RouteContext) {
    this.#at = at;
    const options = copyOptionsOf(at);
    const whole = { ...options, platforms: [], indexPlatform: undefined };
    this.#whole = new CopySession(whole, at.tasks);
    this.#index = new CopySession({ ...whole, indexOnly: true }, at.tasks);
    this.#single = new CopySession(options, at.tasks);
  }

  resolve(request: ImageRequest): Promise<RootPlan> {
    return this.#whole.resolve(request);
  }

  async image(request: ImageRequest, known?: RootPlan): Promise<ImageOutcome> {
    const plan = known ?? (await this.resolve(request));
    const { root, manifest } = plan;
    if (manifest === undefined) return this.#index.image(request, plan);
    // A single image must be of the platform.
    if (manifest.kind !== 'index') return this.#single.image(request);
    const { source, route, tasks } = this.#at;
    const name = nameOf(route.source, request.sourceRef);
    const platforms = (route.job.platforms ?? []).map(parsePlatform);
    const chosen = { descriptor: root, manifest };
    const call = { signal: tasks.signal };
    const subset = await platformSubset(source, chosen, platforms, name, call);
    const images = subset.root.manifest;
    for (const { digest } of images.kind === 'index' ? images.manifests : [])
      await this.#whole.image({ sourceRef: digest });
    try {
      return await this.#index.image(request, plan);
    } catch (error) {
      if (!isContentMissing(error)) throw error;
      const target = nameOf(route.target, request.destinationTag);
      throw new AppError(
        'UNSUPPORTED',
        `cannot write ${target}: the registry wants every image of an index`,
        { cause: error, hint: 'Leave out --sparse-index: then the index lists what was chosen.' },
      );
    }
  }

  commit(): Promise<void> {
    return this.#whole.commit();
  }

  counts(): CopyCounts {
    const all = [this.#whole, this.#index, this.#single].map((session) => session.counts());
    const sum = (of: (counts: CopyCounts) => number): number =>
      all.reduce((total, counts) => total + of(counts), 0);
    return {
      blobs: {
        written: sum(({ blobs }) => blobs.written),
        mounted: sum(({ blobs }) => blobs.mounted),
        present: sum(({ blobs }) => blobs.present),
      },
      bytes: { sent: sum(({ bytes }) => bytes.sent), skipped: sum(({ bytes }) => bytes.skipped) },
    };
  }
}
