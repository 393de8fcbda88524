import { CopySession } from '../../copy/session.ts';
import type { ImageRequest } from '../../copy/types.ts';
import { AppError } from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { createMatcher } from '../../retention/patterns.ts';
import { nameOf, type WantedImage } from '../plan/types.ts';
import { OVER_BUDGET, type ImageResult } from '../results.ts';
import { AttachedCopier } from './attached.ts';
import { backUpImage } from './backup.ts';
import { RouteMemory } from './memory.ts';
import { SparseCopier, type ImageCopier } from './sparse.ts';
import { copyOptionsOf, targetTags, type RouteContext } from './context.ts';

/** An error with one of these codes for one image occurs for all of its repository. */
const FAILS_FOR_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CREDENTIAL_HELPER',
  'FORBIDDEN',
  'NETWORK',
  'NO_SPACE',
  'NOT_A_REGISTRY',
  'RATE_LIMITED',
  'REALM_UNTRUSTED',
  'TIMEOUT',
  'TLS',
  'TOKEN_FAILED',
  'UNAUTHORIZED',
]);

/** Copies the images of one source to one target. */
export class RouteRun {
  readonly #at: RouteContext;
  readonly #session: ImageCopier;
  readonly #attached: AttachedCopier;
  readonly #memory: RouteMemory;
  readonly #isImmutable: (tag: string) => boolean;
  #hasCopied = false;
  #bytes = 0;
  #worked = false;
  #streak: AppError[] = [];

  constructor(at: RouteContext) {
    this.#at = at;
    this.#session =
      at.route.job.sparseIndex === true
        ? new SparseCopier(at)
        : new CopySession(copyOptionsOf(at), at.tasks);
    this.#attached = new AttachedCopier(at, this.#session);
    this.#memory = new RouteMemory(at);
    const { immutable = [], missing } = at.route.job;
    const globs = [...immutable, ...(missing === true ? ['*'] : [])].map((glob) =>
      createMatcher(glob, 'immutable'),
    );
    this.#isImmutable = (tag) => globs.some((matches) => matches(tag));
  }

  async all(): Promise<void> {
    const { route, lane, tasks, options } = this.#at;
    const known = await targetTags(this.#at);
    await Promise.all(
      route.images.map((image) => lane.images.run(() => this.#one(image, known), tasks.signal)),
    );
    if (options.mode === 'run' && this.#hasCopied) await this.#session.commit();
  }

  async #one(image: WantedImage, known: ReadonlySet<string> | undefined): Promise<void> {
    const { route, tasks, stop, options } = this.#at;
    tasks.signal.throwIfAborted();
    if (stop.aborted) return;
    const names = {
      source: nameOf(route.source, image.ref),
      destination: nameOf(route.target, image.tag),
    };
    const finish = (result: Omit<ImageResult, 'source' | 'destination' | 'bytes'>): void => {
      const { sent } = this.#session.counts().bytes;
      const bytes = sent - this.#bytes;
      this.#bytes = sent;
      const full = { ...names, ...result, bytes };
      this.#hasCopied ||= result.outcome === 'copied';
      this.#at.report(full);
    };
    if (options.budget?.isOver === true) {
      finish({ outcome: 'skipped', because: OVER_BUDGET });
      return;
    }
    try {
      const [earlier] = this.#streak.length >= 3 && !this.#worked ? this.#streak : [];
      if (earlier !== undefined)
        throw new AppError(
          earlier.code,
          `${names.source} was not tried: others failed in the same way before`,
          { cause: earlier },
        );
      const result = await this.#bring(image, known);
      this.#worked = true;
      finish(result);
    } catch (error) {
      tasks.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      if (FAILS_FOR_ALL.has(error.code)) this.#streak.push(error);
      finish({ outcome: 'failed', because: 'failed', error });
    }
  }

  async #bring(
    image: WantedImage,
    known: ReadonlySet<string> | undefined,
  ): Promise<Pick<ImageResult, 'outcome' | 'because' | 'digest' | 'from' | 'existing'>> {
    const { route, options } = this.#at;
    const { job } = route;
    const { ref, tag, expected } = image;
    if (tag !== undefined && known?.has(tag) === true && this.#isImmutable(tag)) {
      return { outcome: 'unchanged', because: job.missing === true ? '--missing' : '--immutable' };
    }
    const isGone = tag !== undefined && known?.has(tag) === false;
    const same = isGone ? undefined : await this.#memory.unchanged(image);
    if (same !== undefined) return { outcome: 'unchanged', because: 'equal', digest: same };
    const isNew = tag !== undefined && known !== undefined && !known.has(tag);
    const request: ImageRequest = {
      sourceRef: ref,
      destinationTag: tag,
      isNew: (isNew || job.deep === true) && expected === undefined,
      tagExists: tag !== undefined && known?.has(tag) === true,
    };
    const plan = await this.#session.resolve(request);
    const { root, existing } = plan;
    rejectMoved(nameOf(route.target, tag), image, existing);
    const { digest } = root;
    const types = job.mediaTypes ?? [];
    if (types.length > 0 && !types.includes(root.mediaType)) {
      return { outcome: 'skipped', because: `is of type ${root.mediaType}`, digest };
    }
    const isThere =
      tag === undefined &&
      options.mode === 'check' &&
      (await this.#at.destination.has(root, { signal: this.#at.tasks.signal }));
    const isSame = existing?.digest === digest || isThere;
    const because = isSame ? 'equal' : isNew || existing === undefined ? 'new' : 'changed';
    if (options.mode === 'check')
      return { outcome: isSame ? 'unchanged' : 'copied', because, digest };
    if (existing !== undefined && !isSame) await this.#backUp(existing, tag);
    const { unchanged } = await this.#session.image(request, plan);
    this.#memory.note(image, { source: plan.from, target: digest }, !unchanged);
    const more = !(isSame && job.fastCheck === true) && (await this.#attached.copy(plan));
    return {
      outcome: unchanged && !more ? 'unchanged' : 'copied',
      because: unchanged && more ? 'referrers' : because,
      digest,
      from: plan.from,
      existing: tag === undefined ? undefined : (existing?.digest ?? null),
    };
  }

  async #backUp(existing: Descriptor, tag: string | undefined): Promise<void> {
    const { route, destination, options, tasks } = this.#at;
    const { backup } = route.job;
    if (backup === undefined || tag === undefined || options.mode !== 'run') return;
    await backUpImage(
      {
        job: route.job,
        target: route.target,
        tag,
        existing,
        destination,
        places: options.places,
        expand: options.expand,
        concurrency: options.concurrency,
      },
      { signal: tasks.signal },
    );
  }
}

/** @throws AppError DECLINED if the target is not as the plan saw it */
function rejectMoved(
  name: string,
  { expected }: WantedImage,
  existing: Descriptor | undefined,
): void {
  if (expected === undefined || (existing?.digest ?? null) === expected) return;
  throw new AppError('DECLINED', `cannot overwrite ${name}: it has moved since the plan`, {
    why: [existing === undefined ? 'it does not exist now' : `it is ${existing.digest} now`],
    hint: 'Make a new plan, and look at it.',
  });
}
