import { AppError, IntegrityError, isContentMissing } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import { ManifestBudget } from '../../store/manifests.ts';
import { MAX_INDEX_DEPTH, tooDeepError } from '../../store/platforms.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { RetryOtherMirrorError } from '../../store/errors.ts';
import { sourceFromBytes, sourceFromStore } from '../../store/verify.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { attribute, attributeTo, type CopySide, observeSource } from './errors.ts';
import { asBlob, keyOf, schema1Error, type GraphNode } from './nodes.ts';
import type { TaskGroup } from './task-group.ts';
import {
  markUnread,
  rememberVisit,
  startPass,
  subjectVisit,
  type TraversalPass,
} from './visits.ts';
import { maxInFlight, type Slots } from './slots.ts';
import type { Counters } from './counters.ts';
import type { CopyRunOptions } from '../types.ts';

/** After the second visit all is known to be there; a destination may still need time to see it. */
const VISIBILITY_RETRIES = 2;

/** Moves the content graphs of images: children first, each node once a run, its root last. */
export class GraphCopy {
  readonly #run: CopyRunOptions;
  readonly #tasks: TaskGroup;
  readonly #counters: Counters;
  readonly #slots: Slots;
  /** Where the destination takes fewer than may be under way. */
  readonly #pushes: Limiter | undefined;
  readonly #trusting: TraversalPass;
  readonly #asking: TraversalPass;
  /** The second visit, made at most once per node, after the destination missed content. */
  readonly #recheck: TraversalPass = startPass();
  readonly #budget = new ManifestBudget();
  #warnedForeign = false;

  constructor(run: CopyRunOptions, tasks: TaskGroup, slots: Slots, counters: Counters) {
    this.#run = run;
    this.#tasks = tasks;
    this.#counters = counters;
    this.#asking = startPass();
    this.#trusting = { ...this.#asking, trustPresent: true };
    this.#slots = slots;
    const most = run.destination.traits.maxParallelPushes;
    this.#pushes = most < maxInFlight(run.concurrency) ? createLimiter(most) : undefined;
  }

  /**
   * Everything below `manifest`, then itself under `tag`. With `trustPresent` a child manifest that
   * the destination has stands for its whole sub-graph.
   */
  async root(
    descriptor: Descriptor,
    manifest: Manifest,
    { tag, trustPresent }: { readonly tag: string | undefined; readonly trustPresent: boolean },
  ): Promise<void> {
    this.#counters.found(descriptor);
    const pass = trustPresent ? this.#trusting : this.#asking;
    const key = keyOf({ descriptor, isManifest: true });
    const running = pass.visits.get(key);
    if (running === undefined) {
      await rememberVisit(pass, key, this.#subgraph(descriptor, manifest, pass, 0, { tag }));
      return;
    }
    await running;
    if (tag !== undefined) await this.pushManifest(descriptor, manifest, tag);
  }

  /** What a stream brings is written as it passes: it cannot be asked for afterwards. */
  async copyStream(): Promise<void> {
    const { source } = this.#run;
    const stream = source.capabilities.stream?.sources({ signal: this.#tasks.signal });
    if (stream === undefined) return;
    await attributeTo('source', `cannot read ${source.label}`, undefined, async () => {
      for await (const node of stream) {
        const key = keyOf({ descriptor: node.descriptor, isManifest: false });
        if (this.#asking.visits.has(key)) continue;
        this.#counters.found(node.descriptor);
        await this.#transfer(node, {});
        this.#asking.visits.set(key, Promise.resolve());
      }
    });
  }

  /** A manifest that no other one lists, with everything below it. */
  async copyReferrer(descriptor: Descriptor): Promise<void> {
    await this.#visit({ descriptor, isManifest: true }, this.#asking, 0);
  }

  /** One manifest whose children are there already. */
  async pushManifest(
    descriptor: Descriptor,
    manifest: Manifest,
    tag: string | undefined,
    visibilityRetries = 0,
  ): Promise<void> {
    this.#checkAccepted(descriptor);
    const source = sourceFromBytes(descriptor, manifest.raw);
    await this.#pushTurn(() =>
      this.#on('destination', () => this.#send(source, { tag, visibilityRetries })),
    );
  }

  /** `onEntered`: called when every child is among the visits. */
  async #subgraph(
    descriptor: Descriptor,
    manifest: Manifest,
    pass: TraversalPass,
    depth: number,
    {
      tag,
      onEntered,
    }: { readonly tag?: string | undefined; readonly onEntered?: (() => void) | undefined } = {},
  ): Promise<void> {
    if (depth > MAX_INDEX_DEPTH) {
      throw attribute(
        'source',
        this.#failureText('read', descriptor),
        tooDeepError(this.#run.source.label),
      );
    }
    this.#checkAccepted(descriptor);
    const enter = (visited: TraversalPass): Promise<void>[] =>
      this.#childrenOf(manifest).map((child) => this.#visit(child, visited, depth + 1));
    const children = enter(pass);
    onEntered?.();
    await this.#tasks.all(children);
    await subjectVisit(manifest, pass);
    const deep = pass === this.#recheck;
    try {
      await this.pushManifest(descriptor, manifest, tag, deep ? VISIBILITY_RETRIES : 1);
    } catch (error) {
      if (deep || !isContentMissing(error)) throw error;
      await this.#tasks.all(enter(this.#recheck));
      await this.pushManifest(descriptor, manifest, tag, VISIBILITY_RETRIES);
    }
  }

  #visit(node: GraphNode, pass: TraversalPass, depth: number): Promise<void> {
    const key = keyOf(node);
    const running = pass.visits.get(key);
    if (running !== undefined) return running;
    return rememberVisit(
      pass,
      key,
      node.isManifest
        ? this.#visitManifest(node.descriptor, pass, depth)
        : this.#visitBlob(node.descriptor, pass),
    );
  }

  async #visitBlob(descriptor: Descriptor, pass: TraversalPass): Promise<void> {
    const { source, mountFrom } = this.#run;
    this.#counters.found(descriptor);
    await this.#transfer(sourceFromStore(source, descriptor), {
      mountFrom: mountFrom?.(descriptor),
      verifyPresence: pass === this.#recheck,
    });
  }

  async #visitManifest(descriptor: Descriptor, pass: TraversalPass, depth: number): Promise<void> {
    const entered = isIndexType(descriptor.mediaType) ? markUnread(pass) : undefined;
    try {
      await this.#copyManifest(descriptor, pass, depth, entered);
    } finally {
      entered?.();
    }
  }

  async #copyManifest(
    descriptor: Descriptor,
    pass: TraversalPass,
    depth: number,
    onEntered: (() => void) | undefined,
  ): Promise<void> {
    this.#counters.found(descriptor);
    if (pass.trustPresent && (await this.has(descriptor))) {
      this.#counters.present(descriptor);
      return;
    }
    const manifest = await this.#on('source', () =>
      attributeTo('source', this.#failureText('read', descriptor), descriptor.digest, () =>
        this.#budget.fetch(this.#run.source, descriptor, { signal: this.#tasks.signal }),
      ),
    );
    try {
      await this.#subgraph(descriptor, manifest, pass, depth, { onEntered });
    } finally {
      this.#budget.release(descriptor);
    }
  }

  /** Whether the destination has a manifest, and so everything below it. */
  async has(descriptor: Descriptor): Promise<boolean> {
    const { destination } = this.#run;
    return this.#on('destination', () =>
      attributeTo('destination', this.#failureText('look up', descriptor), descriptor.digest, () =>
        destination.has(descriptor, { signal: this.#tasks.signal }),
      ),
    );
  }

  /** What has to be fetched while it is sent. */
  async #transfer(source: Source, extra: PushOptions): Promise<void> {
    await this.#pushTurn(() =>
      this.#slots.transfer(source, (passing) => this.#send(passing, extra), this.#tasks.signal),
    );
  }

  async #send(source: Source, extra: PushOptions): Promise<void> {
    this.#counters.start(source.descriptor);
    let damage: IntegrityError | undefined;
    for (;;) {
      const end = await this.#sendOnce(source, extra, damage);
      if (end === 'done') return;
      if (end !== 'elsewhere') damage = end;
    }
  }

  /**
   * `elsewhere`: the source broke off in a way that another opening mends. An error: what the source
   * gave was not its content; once, for it may come whole the next time. `damage`: that error, when
   * this is the next time.
   */
  async #sendOnce(
    source: Source,
    extra: PushOptions,
    damage: IntegrityError | undefined,
  ): Promise<'done' | 'elsewhere' | IntegrityError> {
    const { descriptor } = source;
    const watched = observeSource(source);
    try {
      const outcome = await this.#run.destination.push(watched, {
        ...extra,
        signal: this.#tasks.signal,
        onBytes: (done) => this.#counters.bytes(descriptor, done),
        onSent: (bytes) => this.#counters.sent(descriptor, bytes),
      });
      this.#counters.end(descriptor, outcome);
      return 'done';
    } catch (error) {
      const failure = watched.failure?.error;
      if (failure instanceof RetryOtherMirrorError) return 'elsewhere';
      if (damage === undefined && failure instanceof IntegrityError) return failure;
      // A stream that cannot be had twice is not what went wrong.
      const cause = damage ?? failure;
      if (cause === undefined) {
        throw attribute(
          'destination',
          this.#failureText('write', descriptor),
          error,
          descriptor.digest,
        );
      }
      throw attribute('source', this.#failureText('read', descriptor), cause, descriptor.digest);
    }
  }

  /** A slot is held around one request, never while waiting for children. */
  #on<T>(side: CopySide, task: () => Promise<T>): Promise<T> {
    return this.#slots.on(side, task, this.#tasks.signal);
  }

  #pushTurn(turn: () => Promise<void>): Promise<void> {
    return this.#pushes?.run(turn, this.#tasks.signal) ?? turn();
  }

  #childrenOf(manifest: Manifest): GraphNode[] {
    switch (manifest.kind) {
      case 'schema1':
        throw schema1Error(this.#run.source.label);
      case 'index':
        return manifest.manifests.map((descriptor) => ({
          descriptor,
          isManifest: isManifestType(descriptor.mediaType),
        }));
      case 'image':
        return [manifest.config, ...manifest.layers]
          .filter((layer) => !this.#isForeign(layer))
          .map((layer) => ({ descriptor: asBlob(layer), isManifest: false }));
    }
  }

  #isForeign({ mediaType }: Descriptor): boolean {
    if (!isForeignLayerType(mediaType)) return false;
    if (!this.#warnedForeign) {
      this.#warnedForeign = true;
      const text = 'foreign layers are not copied: the image keeps pointing at their own addresses';
      this.#run.emit({ type: 'warning', text });
    }
    return true;
  }

  #checkAccepted({ mediaType }: Descriptor): void {
    const { destination } = this.#run;
    const accepted = destination.traits.manifestTypes;
    if (accepted === undefined || accepted.has(mediaType)) return;
    throw new AppError(
      'UNSUPPORTED',
      `${destination.label} cannot hold a manifest of type ${mediaType}`,
      {
        hint: isIndexType(mediaType)
          ? 'It holds single images: choose one with --platform OS/ARCH.'
          : `It holds: ${[...accepted].join(', ')}.`,
      },
    );
  }

  #failureText(verb: 'read' | 'write' | 'look up', { digest }: Descriptor): string {
    const { source, destination } = this.#run;
    if (verb === 'read') return `cannot read ${digest} from ${source.label}`;
    return verb === 'write'
      ? `cannot write ${digest} to ${destination.label}`
      : `cannot look up ${digest} in ${destination.label}`;
  }
}
