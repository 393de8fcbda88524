import { copyImage } from '../../copy/copy-image.ts';
import type { RootPlan } from '../../copy/resolve-root.ts';
import type { CopySession } from '../../copy/session.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import { subjectOfDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { RouteContext } from './context.ts';

/** Copies digest tags, and referrers that have a separate target repository. */
export class AttachedCopier {
  readonly #at: RouteContext;
  readonly #session: Pick<CopySession, 'image'>;
  #listed: Promise<readonly string[]> | undefined;

  constructor(at: RouteContext, session: Pick<CopySession, 'image'>) {
    this.#at = at;
    this.#session = session;
  }

  /** Returns whether anything was written. */
  async copy({ root, manifest }: RootPlan): Promise<boolean> {
    const { route, source, tasks, options } = this.#at;
    const { job } = route;
    const elsewhere = job.referrers === true && (job.referrerTarget ?? '') !== '';
    if (job.digestTags !== true && !elsewhere) return false;
    const call = { signal: tasks.signal };
    const digests = [root.digest];
    if (isIndexType(root.mediaType)) {
      const index = manifest ?? (await fetchManifest(source, root, call));
      if (index.kind === 'index') digests.push(...index.manifests.map((one) => one.digest));
    }
    let written = false;
    if (job.digestTags === true) {
      for (const tag of await this.#sourceTags(call)) {
        const subject = subjectOfDigestTag(tag, digests);
        if (subject === undefined || !digests.includes(subject)) continue;
        const { unchanged } = await this.#session.image({ sourceRef: tag, destinationTag: tag });
        written ||= !unchanged;
      }
    }
    if (elsewhere && options.mode === 'run')
      written = (await this.#referrersOf(digests)) || written;
    return written;
  }

  #sourceTags(call: CallOptions): Promise<readonly string[]> {
    const { route, source } = this.#at;
    if (route.sourceTags !== undefined) return Promise.resolve(route.sourceTags);
    this.#listed ??= Array.fromAsync(tagListerOf(source).tags(call)).then((pages) => pages.flat());
    return this.#listed;
  }

  async #referrersOf(digests: readonly Descriptor['digest'][]): Promise<boolean> {
    const { route, source, options, tasks } = this.#at;
    const { places } = options;
    const call = { signal: tasks.signal };
    const target = places.locate(route.job.referrerTarget ?? '');
    await using destination = await places.openWrite(target, call);
    let written = false;
    for (const digest of digests) {
      for await (const one of source.capabilities.referrers?.referrers(digest, call) ?? []) {
        const { unchanged } = await copyImage({
          source,
          destination,
          sourceRef: one.digest,
          referrers: true,
          sourceTags: [],
          concurrency: options.concurrency,
          emit: (event) => options.emit(event),
          ...call,
        });
        written ||= !unchanged;
      }
    }
    return written;
  }
}
