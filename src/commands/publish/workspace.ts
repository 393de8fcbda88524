import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyImage } from '../../copy/copy-image.ts';
import { AppError } from '../../errors/app-error.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { withTemporaryErrors } from '../../util/errno.ts';
import type { Context } from '../context.ts';
import { openConverted } from '../../client/converted.ts';
import { isEngine } from '../../client/copy-locations.ts';
import { conversionContext } from '../transfer/flags.ts';
import { pinnedTo } from '../transfer/trusted.ts';
import { placeKey, type Target, type TargetContext } from './targets.ts';

export type WorkspaceContext = TargetContext &
  Pick<
    Context,
    | 'emit'
    | 'flags'
    | 'hostPlatform'
    | 'note'
    | 'openRead'
    | 'openWrite'
    | 'registry'
    | 'requireTrusted'
    | 'tempDir'
    | 'temporaries'
    | 'warn'
  >;

/** A source that is open, and what to resolve in it. */
export interface OpenSource {
  readonly store: ReadStore;
  readonly ref: string | undefined;
}

/**
 * The stores of one command. A place that is both read and written is one store, so that its content
 * needs no look-up and both use one token.
 */
export class Workspace implements AsyncDisposable {
  readonly #context: WorkspaceContext;
  readonly #targets: ReadonlyMap<string, Location>;
  readonly #sources = new Map<string, Location>();
  readonly #open = new Map<string, Promise<ReadStore>>();
  readonly #written = new Map<string, Promise<WriteStore>>();
  readonly #places = new Map<ReadStore, string>();
  readonly #folders: string[] = [];

  constructor(context: WorkspaceContext, targets: readonly Target[]) {
    this.#context = context;
    this.#targets = new Map(targets.map(({ location }) => [placeKey(context, location), location]));
  }

  /** Opens a source that the trust policy allows. @throws AppError POLICY_REJECTED, PATH_UNKNOWN */
  async source(named: Location, options: CallOptions): Promise<OpenSource> {
    const trusted = await this.#context.requireTrusted(named, options);
    const location = pinnedTo(named, trusted);
    const key = placeKey(this.#context, location);
    this.#sources.set(key, location);
    const opened = this.#open.get(key) ?? this.#openSource(key, location, options);
    this.#open.set(key, opened);
    const store = await opened;
    if (store.capabilities.stream === undefined) return { store, ref: location.ref };
    return this.#spooled(location, store, options);
  }

  /** Opens a target for writing; a directory or archive is created at the first write. */
  async target({ location }: Target, options: CallOptions): Promise<WriteStore> {
    const key = placeKey(this.#context, location);
    const open = async (): Promise<WriteStore> => {
      const store = await this.#context.openWrite(location, 'dest', {
        ...options,
        mountFrom: this.#neighbours(key),
      });
      this.#places.set(store, key);
      return store;
    };
    const opened = this.#written.get(key) ?? open();
    this.#written.set(key, opened);
    return opened;
  }

  /** Whether what `store` has is in the place of `target`, too. */
  isInPlace(store: ReadStore | undefined, { location }: Target): boolean {
    return store !== undefined && this.#places.get(store) === placeKey(this.#context, location);
  }

  /** The repository of a store, if it is in the registry of `target` and another one. */
  neighbourOf(store: ReadStore | undefined, { location }: Target): readonly string[] {
    const key = store === undefined ? undefined : this.#places.get(store);
    const source = key === undefined ? undefined : this.#sources.get(key);
    if (source?.scheme !== 'docker' || location.scheme !== 'docker') return [];
    const from = this.#context.reference(source.name);
    const to = this.#context.reference(location.name);
    const isOther = from.repository !== to.repository;
    return from.registry === to.registry && isOther ? [from.repository] : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled([...this.#open.values(), ...this.#written.values()]);
    const stores = new Set(opened.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])));
    for (const store of stores) await store[Symbol.asyncDispose]();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #openSource(key: string, location: Location, options: CallOptions): Promise<ReadStore> {
    const target = this.#targets.get(key);
    if (target !== undefined && (await this.#isOneStore(location))) {
      return this.target({ location: target, tags: [] }, options);
    }
    const store = await this.#context.openRead(location, 'src', options);
    this.#places.set(store, key);
    return store;
  }

  /** Archives are read and written by different stores, registries with different logins, too. */
  async #isOneStore({ scheme }: Location): Promise<boolean> {
    if (scheme === 'oci') return true;
    if (scheme !== 'docker') return false;
    return (await this.#context.registry('src')) === (await this.#context.registry('dest'));
  }

  #neighbours(key: string): readonly string[] {
    const target = this.#targets.get(key);
    if (target?.scheme !== 'docker') return [];
    const { registry, repository } = this.#context.reference(target.name);
    const others = [...this.#sources.values()]
      .filter(({ scheme }) => scheme === 'docker')
      .map(({ name }) => this.#context.reference(name))
      .filter((one) => one.registry === registry && one.repository !== repository);
    return [...new Set(others.map((one) => one.repository))];
  }

  /** A stream passes once, so its image is kept in a temporary layout. */
  async #spooled(location: Location, store: ReadStore, options: CallOptions): Promise<OpenSource> {
    const { tempDir, flags, emit } = this.#context;
    const { prefix } = await this.#context.temporaries();
    const folder = await withTemporaryErrors(tempDir, () => mkdtemp(join(tempDir, prefix)));
    this.#folders.push(folder);
    const layout = {
      scheme: 'oci',
      name: folder,
      ref: 'image',
      tag: 'image',
      text: `oci:${folder}`,
    };
    const locations = { from: location, to: layout };
    const plain = {
      conversion: undefined,
      platforms: [],
      indexPlatform: undefined,
      preserveDigests: false,
      referrers: false,
    };
    await using converted = await openConverted(
      conversionContext(this.#context),
      store,
      locations,
      plain,
    );
    const destination = await this.#context.openWrite(layout, 'dest', options);
    await copyImage({
      source: converted ?? store,
      destination,
      sourceRef: location.ref,
      destinationTag: 'image',
      indexPlatform: isEngine(location) ? this.#context.hostPlatform : undefined,
      concurrency: flags.concurrency,
      signal: options.signal,
      emit,
    });
    return { store: destination, ref: 'image' };
  }
}

/** @throws AppError USAGE for a place that can only be written as a whole */
export function requireInPlace({ scheme, text }: Location, option: string): void {
  if (scheme === 'docker' || scheme === 'oci') return;
  throw new AppError('USAGE', `cannot change ${text} in place: it is an archive, not a store`, {
    hint: `Leave out ${option}, and name another place: --tag ${scheme}:…`,
  });
}
