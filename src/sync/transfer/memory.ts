import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ReadStore } from '../../store/types.ts';
import { listedDigests } from '../../tags/find.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { WantedImage } from '../plan/types.ts';
import type { SeenImage } from '../state.ts';
import { nameOf } from '../plan/types.ts';
import type { RouteContext } from './context.ts';

type Digests = ReadonlyMap<string, Digest>;

/**
 * Finds images that are as an earlier run left them, with fewer requests than a comparison: the
 * digests of one side may come from a list. Both sides are asked today, so that a tag that was
 * moved, overwritten or deleted is always seen.
 */
export class RouteMemory {
  readonly #at: RouteContext;
  readonly #how: string;
  #lists: Promise<readonly [Digests, Digests]> | undefined;

  constructor(at: RouteContext) {
    this.#at = at;
    const { job } = at.route;
    const { hostPlatform, conversion } = at.options;
    this.#how = JSON.stringify([
      job.platforms ?? [],
      job.hostPlatform === true ? formatPlatform(hostPlatform) : '',
      job.sparseIndex === true,
      conversion ?? '',
    ]);
  }

  /** Notes an image that is now the same at both ends. */
  note({ tag }: WantedImage, { source, target }: Omit<SeenImage, 'how'>, wrote: boolean): void {
    const { route, options } = this.#at;
    if (tag === undefined || options.mode !== 'run') return;
    options.state?.note(nameOf(route.target, tag), { source, target, how: this.#how }, wrote);
    options.state?.saveNowAndThen();
  }

  /** The digest at the target of an image that has not changed; `undefined`: compare it. */
  async unchanged(image: WantedImage): Promise<Digest | undefined> {
    const { source, destination, lane } = this.#at;
    const seen = this.#seen(image);
    if (seen === undefined || image.tag === undefined) return undefined;
    const [atSource, atTarget] = await this.#digests();
    const isListed = atSource.size > 0 || atTarget.size > 0;
    // Two lookups are what the comparison costs, unless it has to read an index for it.
    if (!isListed && !this.#readsIndexes()) return undefined;
    const { ref = '' } = image;
    const from = atSource.get(ref) ?? (await this.#look(source, ref, lane.slots.source));
    if (from !== seen.source) return undefined;
    const to =
      atTarget.get(image.tag) ?? (await this.#look(destination, image.tag, lane.slots.destination));
    return to === seen.target ? to : undefined;
  }

  /** What is attached to an image may have changed although the image has not. */
  #seen({ ref, tag, expected }: WantedImage): SeenImage | undefined {
    const { route, options } = this.#at;
    const { referrers, digestTags, fastCheck, deep } = route.job;
    const follows = referrers === true || digestTags === true;
    if (tag === undefined || ref === undefined || isDigest(ref)) return undefined;
    // A converted source would have to be read.
    if (options.conversion !== undefined) return undefined;
    if (expected !== undefined || deep === true || (follows && fastCheck !== true))
      return undefined;
    const seen = options.state?.seen(nameOf(route.target, tag));
    return seen?.how === this.#how ? seen : undefined;
  }

  #readsIndexes(): boolean {
    const { platforms = [], hostPlatform } = this.#at.route.job;
    return platforms.length > 0 || hostPlatform === true;
  }

  #digests(): Promise<readonly [Digests, Digests]> {
    this.#lists ??= this.#readLists();
    return this.#lists;
  }

  async #readLists(): Promise<readonly [Digests, Digests]> {
    const { route, source, destination, lane } = this.#at;
    const known = route.images.filter((image) => this.#seen(image) !== undefined);
    const refs = known.map(({ ref }) => ref ?? '');
    const tags = known.map(({ tag }) => tag ?? '');
    return Promise.all([
      this.#list(source, refs, lane.slots.source),
      this.#list(destination, tags, lane.slots.destination),
    ]);
  }

  #list(
    store: ReadStore,
    names: readonly string[],
    slots: RouteContext['lane']['slots']['source'],
  ): Promise<Digests> {
    const { signal } = this.#at.tasks;
    return slots.run(() => listedDigests(store, names, { signal }), signal);
  }

  async #look(
    store: ReadStore,
    ref: string,
    slots: RouteContext['lane']['slots']['source'],
  ): Promise<Digest | undefined> {
    const { signal } = this.#at.tasks;
    const look = async (call: CallOptions): Promise<Digest> =>
      (await store.resolve(ref, { ...call, purpose: 'descriptor', trustAbsence: true })).digest;
    try {
      return await slots.run(() => look({ signal }), signal);
    } catch (error) {
      signal.throwIfAborted();
      // The comparison asks again, and words what it finds.
      if (!(error instanceof AppError)) throw error;
      return undefined;
    }
  }
}
