import { AppError, IntegrityError, isMissingContent } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import { ManifestBudget } from '../../store/manifests.merge-manifest-budget.ts';
import { MAX_INDEX_DEPTH, tooDeep } from '../../store/platforms.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { RetryElsewhereError } from '../../store/errors.merge-retry-elsewhere.ts';
import { sourceFrom, sourceOf } from '../../store/verify.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { onSide, type Side, sided, watch } from './errors.ts';
import { asBlob, keyOf, schema1, type Node } from './nodes.ts';
import type { Scope } from './task-group.ts';
import { underWay, type Slots } from './slots.ts';
import type { Tally } from './counters.ts';
import type { CopyPair } from '../types.ts';

/** After the second visit all is known to be there; a destination may still need time to see it. */
const LAG_WAITS = 2;

/** How much one visit takes on trust. */
interface Pass {
  /** Whether a child manifest at the destination stands for its whole sub-graph. */
  readonly trustPresent: boolean;
  /** One promise per node, so that each moves once. */
  readonly visits: Map<string, Promise<void>>;
}

/** Moves the content graphs of images: children first, each node once a run, its root last. */
export class Walk {
  readonly #pair: CopyPair;
  readonly #scope: Scope;
  readonly #tally: Tally;
  readonly #slots: Slots;
  /** Where the destination takes fewer than may be under way. */
  readonly #pushes: Limiter | undefined;
  readonly #trusting: Pass;
  readonly #asking: Pass;
  /** The second visit, made at most once per node, after the destination missed content. */
  readonly #deep: Pass = { trustPresent: false, visits: new Map() };
  readonly #budget = new ManifestBudget();
  #warnedForeign = false;

  constructor(pair: CopyPair, scope: Scope, slots: Slots, tally: Tally) {
    this.#pair = pair;
    this.#scope = scope;
    this.#tally = tally;
    const visits = new Map<string, Promise<void>>();
    this.#trusting = { trustPresent: true, visits };
    this.#asking = { trustPresent: false, visits };
    this.#slots = slots;
    const most = pair.destination.traits.maxParallelPushes;
    this.#pushes = most < underWay(pair.concurrency) ? createLimiter(most) : undefined;
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
    this.#tally.found(descriptor);
    const pass = trustPresent ? this.#trusting : this.#asking;
    const key = keyOf({ descriptor, isManifest: true });
    const running = pass.visits.get(key);
    if (running === undefined) {
      await remember(pass, key, this.#subgraph(descriptor, manifest, pass, 0, tag));
      return;
    }
    await running;
    if (tag !== undefined) await this.manifestAlone(descriptor, manifest, tag);
  }

  /** What a stream brings is written as it passes: it cannot be asked for afterwards. */
  async receive(): Promise<void> {
    const { source } = this.#pair;
    const passing = source.capabilities.arrivals?.arrivals({ signal: this.#scope.signal });
    if (passing === undefined) return;
    await onSide('source', `cannot read ${source.label}`, undefined, async () => {
      for await (const node of passing) {
        const key = keyOf({ descriptor: node.descriptor, isManifest: false });
        if (this.#asking.visits.has(key)) continue;
        this.#tally.found(node.descriptor);
        await this.#transfer(node, {});
        this.#asking.visits.set(key, Promise.resolve());
      }
    });
  }

  /** A manifest that no other one lists, with everything below it. */
  async guest(descriptor: Descriptor): Promise<void> {
    await this.#visit({ descriptor, isManifest: true }, this.#asking, 0);
  }

  /** One manifest whose children are there already. */
  async manifestAlone(
    descriptor: Descriptor,
    manifest: Manifest,
    tag: string | undefined,
    lagWaits = 0,
  ): Promise<void> {
    this.#checkAccepted(descriptor);
    const source = sourceOf(descriptor, manifest.raw);
    await this.#pushTurn(() =>
      this.#on('destination', () => this.#send(source, { tag, lagWaits })),
    );
  }

  async #subgraph(
    descriptor: Descriptor,
    manifest: Manifest,
    pass: Pass,
    depth: number,
    tag?: string,
  ): Promise<void> {
    if (depth > MAX_INDEX_DEPTH) {
      throw sided('source', this.#cannot('read', descriptor), tooDeep(this.#pair.source.label));
    }
    this.#checkAccepted(descriptor);
    const children = (visited: Pass): Promise<unknown> =>
      this.#scope.all(this.#below(manifest).map((child) => this.#visit(child, visited, depth + 1)));
    await children(pass);
    const deep = pass === this.#deep;
    try {
      await this.manifestAlone(descriptor, manifest, tag, deep ? LAG_WAITS : 1);
    } catch (error) {
      if (deep || !isMissingContent(error)) throw error;
      await children(this.#deep);
      await this.manifestAlone(descriptor, manifest, tag, LAG_WAITS);
    }
  }

  #visit(node: Node, pass: Pass, depth: number): Promise<void> {
    const key = keyOf(node);
    const running = pass.visits.get(key);
    if (running !== undefined) return running;
    const visit = node.isManifest
      ? this.#visitManifest(node.descriptor, pass, depth)
      : this.#visitBlob(node.descriptor, pass);
    return remember(pass, key, visit);
  }

  async #visitBlob(descriptor: Descriptor, pass: Pass): Promise<void> {
    const { source, mountFrom } = this.#pair;
    this.#tally.found(descriptor);
    await this.#transfer(sourceFrom(source, descriptor), {
      mountFrom: mountFrom?.(descriptor),
      doubt: pass === this.#deep,
    });
  }

  async #visitManifest(descriptor: Descriptor, pass: Pass, depth: number): Promise<void> {
    this.#tally.found(descriptor);
    if (pass.trustPresent && (await this.has(descriptor))) {
      this.#tally.present(descriptor);
      return;
    }
    const manifest = await this.#on('source', () =>
      onSide('source', this.#cannot('read', descriptor), descriptor.digest, () =>
        this.#budget.fetch(this.#pair.source, descriptor, { signal: this.#scope.signal }),
      ),
    );
    try {
      await this.#subgraph(descriptor, manifest, pass, depth);
    } finally {
      this.#budget.give(descriptor);
    }
  }

  /** Whether the destination has a manifest, and so everything below it. */
  async has(descriptor: Descriptor): Promise<boolean> {
    const { destination } = this.#pair;
    return this.#on('destination', () =>
      onSide('destination', this.#cannot('look up', descriptor), descriptor.digest, () =>
        destination.has(descriptor, { signal: this.#scope.signal }),
      ),
    );
  }

  /** What has to be fetched while it is sent. */
  async #transfer(source: Source, extra: PushOptions): Promise<void> {
    await this.#pushTurn(() =>
      this.#slots.transfer(source, (passing) => this.#send(passing, extra), this.#scope.signal),
    );
  }

  async #send(source: Source, extra: PushOptions): Promise<void> {
    this.#tally.start(source.descriptor);
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
    const watched = watch(source);
    try {
      const outcome = await this.#pair.destination.push(watched, {
        ...extra,
        signal: this.#scope.signal,
        onBytes: (done) => this.#tally.bytes(descriptor, done),
        onSent: (bytes) => this.#tally.sent(descriptor, bytes),
      });
      this.#tally.end(descriptor, outcome);
      return 'done';
    } catch (error) {
      const failure = watched.failure?.error;
      if (failure instanceof RetryElsewhereError) return 'elsewhere';
      if (damage === undefined && failure instanceof IntegrityError) return failure;
      // A stream that cannot be had twice is not what went wrong.
      const cause = damage ?? failure;
      if (cause === undefined) {
        throw sided('destination', this.#cannot('write', descriptor), error, descriptor.digest);
      }
      throw sided('source', this.#cannot('read', descriptor), cause, descriptor.digest);
    }
  }

  /** A slot is held around one request, never while waiting for children. */
  #on<T>(side: Side, task: () => Promise<T>): Promise<T> {
    return this.#slots.on(side, task, this.#scope.signal);
  }

  #pushTurn(turn: () => Promise<void>): Promise<void> {
    return this.#pushes?.run(turn, this.#scope.signal) ?? turn();
  }

  #below(manifest: Manifest): Node[] {
    switch (manifest.kind) {
      case 'schema1':
        throw schema1(this.#pair.source.label);
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
      this.#pair.emit({ type: 'warning', text });
    }
    return true;
  }

  #checkAccepted({ mediaType }: Descriptor): void {
    const { destination } = this.#pair;
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

  #cannot(verb: 'read' | 'write' | 'look up', { digest }: Descriptor): string {
    const { source, destination } = this.#pair;
    if (verb === 'read') return `cannot read ${digest} from ${source.label}`;
    return verb === 'write'
      ? `cannot write ${digest} to ${destination.label}`
      : `cannot look up ${digest} in ${destination.label}`;
  }
}

/** A failed visit is forgotten: the next image that needs the node tries again. */
function remember({ visits }: Pass, key: string, visit: Promise<void>): Promise<void> {
  visits.set(key, visit);
  visit.catch(() => visits.delete(key));
  return visit;
}
