import { isContentMissing } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { ManifestBudget, VISIBILITY_RETRIES } from '../../store/manifests.ts';
import { MAX_INDEX_DEPTH, tooDeepError } from '../../store/index-traversal.ts';
import { sourceFromBytes, sourceFromStore } from '../../store/verify.ts';
import { attribute, attributeTo } from './errors.ts';
import { foreignMissingError, GraphChildren, requireAccepted } from './children.ts';
import { keyOf, type GraphNode } from './nodes.ts';
import type { TaskGroup } from './task-group.ts';
import {
  markUnread,
  rememberVisit,
  startPass,
  subjectVisit,
  type TraversalPass,
} from './visits.ts';
import type { Slots } from './slots.ts';
import { Transfers } from './transfer.ts';
import type { Counters } from './counters.ts';
import type { CopyRunOptions } from '../types.ts';

/** Copies the graphs of images: children first, each node once per run, the root last. */
export class GraphCopy {
  readonly #run: CopyRunOptions;
  readonly #tasks: TaskGroup;
  readonly #counters: Counters;
  readonly #transfers: Transfers;
  readonly #trusting: TraversalPass;
  readonly #asking: TraversalPass;
  /** The second visit, at most once per node, after the destination reported missing blobs. */
  readonly #recheck: TraversalPass = startPass();
  readonly #budget = new ManifestBudget();
  readonly #children: GraphChildren;
  #streamed: Promise<void> | undefined;

  constructor(run: CopyRunOptions, tasks: TaskGroup, slots: Slots, counters: Counters) {
    this.#run = run;
    this.#children = new GraphChildren(run);
    this.#tasks = tasks;
    this.#counters = counters;
    this.#asking = startPass();
    this.#trusting = { ...this.#asking, trustPresent: true };
    this.#transfers = new Transfers(run, tasks, slots, counters);
  }

  /**
   * Copies everything below `manifest`, then the manifest itself under `tag`. With `trustPresent`,
   * a child manifest that the destination has counts for its whole subgraph.
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

  /**
   * Copies the blobs of a stream as they are read, because they cannot be requested later. Images
   * that are copied at the same time wait for the one stream.
   */
  copyStream(): Promise<void> {
    this.#streamed ??= this.#takeStream();
    return this.#streamed;
  }

  async #takeStream(): Promise<void> {
    const { source } = this.#run;
    const stream = source.capabilities.stream?.sources({ signal: this.#tasks.signal });
    if (stream === undefined) return;
    await attributeTo('source', `cannot read ${source.label}`, undefined, async () => {
      for await (const node of stream) {
        const key = keyOf({ descriptor: node.descriptor, isManifest: false });
        if (this.#asking.visits.has(key)) continue;
        this.#counters.found(node.descriptor);
        await this.#transfers.stream(node, {});
        this.#asking.visits.set(key, Promise.resolve());
      }
    });
  }

  /** Copies a manifest that no other one lists, and everything below it. */
  async copyReferrer(descriptor: Descriptor): Promise<void> {
    await this.#visit({ descriptor, isManifest: true }, this.#asking, 0);
  }

  /** Pushes one manifest whose children exist already. */
  async pushManifest(
    descriptor: Descriptor,
    manifest: Manifest,
    tag: string | undefined,
    visibilityRetries = 0,
  ): Promise<void> {
    requireAccepted(this.#run.destination, descriptor);
    const source = sourceFromBytes(descriptor, manifest.raw);
    await this.#transfers.push(source, { tag, visibilityRetries });
  }

  /** `onEntered`: called when the visits of all children have been added. */
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
        this.#transfers.failureText('read', descriptor),
        tooDeepError(this.#run.source.label),
      );
    }
    requireAccepted(this.#run.destination, descriptor);
    const enter = (visited: TraversalPass): Promise<void>[] =>
      this.#children.of(manifest).map((child) => this.#visit(child, visited, depth + 1));
    const children = enter(pass);
    onEntered?.();
    await this.#tasks.all(children);
    await subjectVisit(manifest, pass);
    const deep = pass === this.#recheck;
    const left = this.#children.leftOut(manifest);
    // Waiting cannot reveal blobs that were not sent.
    const waits = (most: number): number => (left.length > 0 ? 0 : most);
    const push = (most: number): Promise<void> =>
      this.pushManifest(descriptor, manifest, tag, waits(most));
    try {
      try {
        await push(deep ? VISIBILITY_RETRIES : 1);
      } catch (error) {
        if (deep || !isContentMissing(error)) throw error;
        await this.#tasks.all(enter(this.#recheck));
        await push(VISIBILITY_RETRIES);
      }
    } catch (error) {
      throw left.length > 0 && isContentMissing(error)
        ? attribute(
            'destination',
            this.#transfers.failureText('write', descriptor),
            foreignMissingError(this.#run.destination, error),
            descriptor.digest,
          )
        : error;
    }
  }

  #visit(node: GraphNode, pass: TraversalPass, depth: number): Promise<void> {
    const key = keyOf(node);
    const running = pass.visits.get(key);
    if (running !== undefined) return running;
    // Once the destination reports missing blobs, nothing is assumed.
    if (pass !== this.#recheck && this.#run.isPresent?.(node.descriptor) === true) {
      this.#counters.assumed(node.descriptor);
      return rememberVisit(pass, key, Promise.resolve());
    }
    return rememberVisit(
      pass,
      key,
      node.isManifest
        ? this.#visitManifest(node.descriptor, pass, depth)
        : this.#visitBlob(node.descriptor, pass),
    );
  }

  async #visitBlob(descriptor: Descriptor, pass: TraversalPass): Promise<void> {
    const { source, mountFrom, shareBlob } = this.#run;
    this.#counters.found(descriptor);
    const transfer = (others: readonly string[] = []): Promise<void> =>
      this.#transfers.stream(sourceFromStore(source, descriptor), {
        mountFrom: [...others, ...(mountFrom?.(descriptor) ?? [])],
        verifyPresence: pass === this.#recheck,
      });
    await (shareBlob === undefined ? transfer() : shareBlob(descriptor, transfer));
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
    const manifest = await this.#transfers.on('source', () =>
      attributeTo(
        'source',
        this.#transfers.failureText('read', descriptor),
        descriptor.digest,
        () => this.#budget.fetch(this.#run.source, descriptor, { signal: this.#tasks.signal }),
      ),
    );
    try {
      await this.#subgraph(descriptor, manifest, pass, depth, { onEntered });
    } finally {
      this.#budget.release(descriptor);
    }
  }

  /** Whether the destination has a manifest, and therefore everything below it. */
  async has(descriptor: Descriptor): Promise<boolean> {
    const { destination } = this.#run;
    return this.#transfers.on('destination', () =>
      attributeTo(
        'destination',
        this.#transfers.failureText('look up', descriptor),
        descriptor.digest,
        () => destination.has(descriptor, { signal: this.#tasks.signal }),
      ),
    );
  }
}
