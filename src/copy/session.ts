import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Manifest } from '../oci/manifest.ts';
import { fetchManifest } from '../store/manifests.ts';
import { sourceOf } from '../store/verify.ts';
import { Company } from './referrers.ts';
import { nameIn, onSide } from './engine/errors.ts';
import { isUpToDate, planRoot, type Plan } from './resolve-root.ts';
import type { Scope } from './engine/task-group.ts';
import { createSlots, type Slots } from './engine/slots.ts';
import { Tally } from './engine/counters.ts';
import { tagsToWrite } from './additional-tags.ts';
import type { CopyCounts, CopyPair, ImageRequest } from './types.ts';
import { Walk } from './engine/graph-copy.ts';

export interface ImageOutcome {
  readonly descriptor: Descriptor;
  /** The destination's tag was there already, with this digest. */
  readonly unchanged: boolean;
}

/** Copies images from one store to another; what they share is looked at and moved once. */
export class CopySession {
  readonly #pair: CopyPair;
  readonly #scope: Scope;
  readonly #slots: Slots;
  readonly #tally: Tally;
  readonly #walk: Walk;
  readonly #company: Company;

  constructor(pair: CopyPair, scope: Scope) {
    this.#pair = pair;
    this.#scope = scope;
    this.#tally = new Tally((event) => pair.emit(event));
    this.#slots = createSlots(pair.concurrency);
    this.#walk = new Walk(pair, scope, this.#slots, this.#tally);
    this.#company = new Company(pair, scope, this.#slots, this.#walk);
  }

  /** @throws CopyError; AppError PLATFORM_UNKNOWN, TAG_EXISTS, DIGEST_CHANGED, UNSUPPORTED */
  async image(request: ImageRequest): Promise<ImageOutcome> {
    await this.#walk.receive();
    const plan = await planRoot(this.#pair, request, this.#scope, this.#slots);
    const tags = await tagsToWrite(this.#pair, request, plan, this.#scope, this.#slots);
    const outcome = { descriptor: plan.root, unchanged: isUpToDate(plan) };
    if (this.#pair.referrers === true) await this.#together(request, plan);
    else await this.#write(plan, request, request.destinationTag);
    for (const tag of tags) await this.#tag(plan, tag);
    return outcome;
  }

  async commit(): Promise<void> {
    const { destination } = this.#pair;
    await onSide('destination', `cannot finish ${destination.label}`, undefined, () =>
      destination.commit({ signal: this.#scope.signal }),
    );
  }

  counts(): CopyCounts {
    return this.#tally.counts();
  }

  /** The tag comes last: whoever sees the image finds its signatures too. */
  async #together(request: ImageRequest, bare: Plan): Promise<void> {
    const plan = { ...bare, manifest: bare.manifest ?? (await this.#indexOf(bare.root)) };
    const company = await this.#company.of(plan.root, plan.manifest);
    const alone = company.referrers.length === 0 && company.tags.length === 0;
    const late = !alone && !isUpToDate(plan) && request.destinationTag !== undefined;
    await this.#write(plan, request, late ? undefined : request.destinationTag);
    await this.#company.write(company, (tag) => this.#companion(tag));
    if (late) await this.#tag(plan, request.destinationTag);
  }

  /** Only an index has children whose referrers have to be asked for. */
  async #indexOf(root: Descriptor): Promise<Plan['manifest']> {
    if (!isIndexType(root.mediaType)) return undefined;
    const { source } = this.#pair;
    const read = (): Promise<Manifest> =>
      fetchManifest(source, root, { signal: this.#scope.signal });
    return onSide('source', `cannot read ${nameIn(source, root.digest)}`, root.digest, () =>
      this.#slots.on('source', read, this.#scope.signal),
    );
  }

  /** One of cosign's tags: an image of its own, under the same name. */
  async #companion(tag: string): Promise<void> {
    const plain: CopyPair = { ...this.#pair, platforms: undefined, noClobber: false };
    const request = { sourceRef: tag, destinationTag: tag };
    const plan = await planRoot(plain, request, this.#scope, this.#slots);
    if (this.#pair.noClobber === true && plan.existing !== undefined && !isUpToDate(plan)) {
      const text = `${tag} is at the destination already, with other content; it stays as it is`;
      this.#pair.emit({ type: 'warning', text });
      return;
    }
    await this.#write(plan, request, tag);
  }

  async #write(
    plan: Plan,
    { destinationTag }: ImageRequest,
    writtenTag: string | undefined,
  ): Promise<void> {
    const { root, manifest, existing } = plan;
    const { sameRepository, indexOnly } = this.#pair;
    const asked = destinationTag === undefined || existing !== undefined;
    if (isUpToDate(plan) || manifest === undefined) {
      this.#tally.found(root);
      this.#tally.present(root);
    } else if (
      sameRepository === true ||
      (indexOnly === true && manifest.kind === 'index') ||
      (asked && (await this.#walk.has(root)))
    ) {
      this.#tally.found(root);
      await this.#walk.manifestAlone(root, manifest, writtenTag);
    } else {
      await this.#walk.root(root, manifest, { tag: writtenTag, trustPresent: asked });
    }
  }

  /** The manifest's bytes, where they are at hand, spare a registry from being asked for them. */
  async #tag({ root, manifest }: Plan, tag: string | undefined): Promise<void> {
    if (tag === undefined) return;
    const { destination } = this.#pair;
    const call = { signal: this.#scope.signal };
    const set = async (): Promise<void> => {
      if (manifest === undefined) await destination.tag(root, tag, call);
      else await destination.push(sourceOf(root, manifest.raw), { ...call, tag });
    };
    await onSide('destination', `cannot set ${nameIn(destination, tag)}`, tag, () =>
      this.#slots.on('destination', set, this.#scope.signal),
    );
  }
}
