import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Manifest } from '../oci/manifest.ts';
import { fetchManifest } from '../store/manifests.ts';
import { sourceFromBytes } from '../store/verify.ts';
import { ReferrerCopier } from './referrers.ts';
import { attributeTo, describeRef } from './engine/errors.ts';
import { isUpToDate, resolveRoot, type RootPlan } from './resolve-root.ts';
import type { TaskGroup } from './engine/task-group.ts';
import { createSlots, type Slots } from './engine/slots.ts';
import { Counters } from './engine/counters.ts';
import { tagsToWrite } from './additional-tags.ts';
import type { CopyCounts, CopyEvent, CopyRunOptions, ImageRequest } from './types.ts';
import { GraphCopy } from './engine/graph-copy.ts';

/** The result for one image of a run. */
export interface ImageOutcome {
  readonly descriptor: Descriptor;
  /** What the reference means at the source; differs if platforms were chosen. */
  readonly from: Digest;
  /** True if the destination had everything, under every tag: nothing was written. */
  readonly unchanged: boolean;
}

/** Copies images from one store to another; shared blobs are checked and transferred once. */
export class CopySession {
  readonly #run: CopyRunOptions;
  readonly #tasks: TaskGroup;
  readonly #slots: Slots;
  readonly #counters: Counters;
  readonly #graph: GraphCopy;
  readonly #referrers: ReferrerCopier;

  constructor(run: CopyRunOptions, tasks: TaskGroup) {
    this.#run = { ...run, emit: withoutRepeatedNotes((event) => run.emit(event)) };
    this.#tasks = tasks;
    this.#counters = new Counters((event) => run.emit(event));
    this.#slots = createSlots(run.concurrency, run.slots);
    this.#graph = new GraphCopy(run, tasks, this.#slots, this.#counters);
    this.#referrers = new ReferrerCopier(run, tasks, this.#slots, this.#graph);
  }

  /** @throws CopyError; AppError PLATFORM_UNKNOWN, TAG_EXISTS, DIGEST_CHANGED, UNSUPPORTED */
  async image(request: ImageRequest, known?: RootPlan): Promise<ImageOutcome> {
    const plan = known ?? (await this.resolve(request));
    const tags = await tagsToWrite(this.#run, request, plan, this.#tasks, this.#slots);
    const isWritten =
      this.#run.referrers === true || this.#run.digestTags === true
        ? await this.#writeWithReferrers(request, plan)
        : await this.#write(plan, request, request.destinationTag);
    for (const tag of tags) await this.#tag(plan, tag);
    return {
      descriptor: plan.root,
      from: plan.from,
      unchanged: !isWritten && tags.length === 0,
    };
  }

  /** Copies everything from a streamed source, so that its list of images can be read. */
  takeStream(): Promise<void> {
    return this.#graph.copyStream();
  }

  /** Determines the future root and what the destination has; writes no image. */
  async resolve(request: ImageRequest): Promise<RootPlan> {
    await this.#graph.copyStream();
    return resolveRoot(this.#run, request, this.#tasks, this.#slots);
  }

  async commit(): Promise<void> {
    const { destination } = this.#run;
    await attributeTo('destination', `cannot finish ${destination.label}`, undefined, () =>
      destination.commit({ signal: this.#tasks.signal }),
    );
  }

  counts(): CopyCounts {
    return this.#counters.counts();
  }

  /** Writes the tag last, so that a reader of the tag also finds the signatures. */
  async #writeWithReferrers(request: ImageRequest, bare: RootPlan): Promise<boolean> {
    const plan = { ...bare, manifest: bare.manifest ?? (await this.#indexOf(bare.root)) };
    const found = await this.#referrers.of(plan.root, plan.manifest);
    const alone = found.referrers.length === 0 && found.tags.length === 0;
    const late = !alone && !isUpToDate(plan) && request.destinationTag !== undefined;
    const isRootWritten = await this.#write(
      plan,
      request,
      late ? undefined : request.destinationTag,
    );
    const areOthers = await this.#referrers.write(found, (tag) => this.#writeCosignTag(tag));
    if (late) await this.#tag(plan, request.destinationTag);
    return isRootWritten || areOthers || late;
  }

  /** Reads the root if it is an index: only an index has children with referrers. */
  async #indexOf(root: Descriptor): Promise<RootPlan['manifest']> {
    if (!isIndexType(root.mediaType)) return undefined;
    const { source } = this.#run;
    const read = (): Promise<Manifest> =>
      fetchManifest(source, root, { signal: this.#tasks.signal });
    return attributeTo(
      'source',
      `cannot read ${describeRef(source, root.digest)}`,
      root.digest,
      () => this.#slots.on('source', read, this.#tasks.signal),
    );
  }

  /** Copies one of cosign's tags: a separate image, under the same name. */
  async #writeCosignTag(tag: string): Promise<boolean> {
    const plain: CopyRunOptions = {
      ...this.#run,
      platforms: undefined,
      indexPlatform: undefined,
      noClobber: false,
    };
    const keepExisting = this.#run.noClobber === true;
    const request = { sourceRef: tag, destinationTag: tag, keepExisting };
    const plan = await resolveRoot(plain, request, this.#tasks, this.#slots);
    if (this.#run.noClobber === true && plan.existing !== undefined && !isUpToDate(plan)) {
      const text = `${tag} is at the destination already, with other content; it is not changed`;
      this.#run.emit({ type: 'warning', text });
      return false;
    }
    return this.#write(plan, request, tag);
  }

  /** Returns whether anything was written. */
  async #write(
    plan: RootPlan,
    { destinationTag }: ImageRequest,
    writtenTag: string | undefined,
  ): Promise<boolean> {
    const { root, manifest, existing } = plan;
    const { sameRepository, indexOnly, recheck } = this.#run;
    const asked = recheck !== true && (destinationTag === undefined || existing !== undefined);
    if (isUpToDate(plan) || manifest === undefined) {
      this.#counters.found(root);
      this.#counters.present(root);
      return false;
    }
    const isThere = asked && (await this.#isRootThere(root, manifest));
    if (isThere || sameRepository === true || (indexOnly === true && manifest.kind === 'index')) {
      this.#counters.found(root);
      await this.#graph.pushManifest(root, manifest, writtenTag);
    } else {
      await this.#graph.root(root, manifest, { tag: writtenTag, trustPresent: asked });
    }
    return !isThere || writtenTag !== undefined;
  }

  /** Whether the root exists; not checked if the manifest is written without a look below it. */
  async #isRootThere(root: Descriptor, { kind }: Manifest): Promise<boolean> {
    const { sameRepository, indexOnly } = this.#run;
    if (sameRepository === true || (indexOnly === true && kind === 'index')) return false;
    return this.#graph.has(root);
  }

  /** Sets a tag by pushing the manifest if its bytes are known, so that they are not fetched. */
  async #tag({ root, manifest }: RootPlan, tag: string | undefined): Promise<void> {
    if (tag === undefined) return;
    const { destination } = this.#run;
    const call = { signal: this.#tasks.signal };
    const set = async (): Promise<void> => {
      if (manifest === undefined) await destination.tag(root, tag, call);
      else await destination.push(sourceFromBytes(root, manifest.raw), { ...call, tag });
    };
    await attributeTo('destination', `cannot set ${describeRef(destination, tag)}`, tag, () =>
      this.#slots.on('destination', set, this.#tasks.signal),
    );
  }
}

/** Emits a note only once if it applies to every image of a run. */
function withoutRepeatedNotes(emit: (event: CopyEvent) => void): (event: CopyEvent) => void {
  const told = new Set<string>();
  return (event) => {
    if (event.type === 'note' && told.has(event.text)) return;
    if (event.type === 'note') told.add(event.text);
    emit(event);
  };
}
