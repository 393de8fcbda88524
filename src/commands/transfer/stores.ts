import { createDryRunStore, type DryRunStore } from '../../copy/dry-run.ts';
import { AppError } from '../../errors/app-error.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { OpenWriteOptions, ReadStore, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import type { Context } from '../context.ts';

/** Source and destination of a copy, which may be the same repository. */
export interface CopyLocations {
  readonly from: Location;
  readonly to: Location;
}

/** How a copy within one registry avoids sending blobs. */
export interface MountSources {
  readonly mountFrom?: () => readonly string[];
  readonly sameRepository?: boolean;
}

export function findMountSources(
  context: Pick<Context, 'reference'>,
  { from, to }: CopyLocations,
): MountSources {
  if (from.scheme !== 'docker' || to.scheme !== 'docker') return {};
  const source = context.reference(from.name);
  const destination = context.reference(to.name);
  if (source.registry !== destination.registry) return {};
  return source.repository === destination.repository
    ? { sameRepository: true }
    : { mountFrom: () => [source.repository] };
}

/** A converted image is not in the repository yet, even if the original is. */
export function withoutSameRepository(shared: MountSources, isConverted: boolean): MountSources {
  return isConverted ? { ...shared, sameRepository: false } : shared;
}

/** Container engines and the archives that they load. */
const SINGLE_IMAGES: ReadonlySet<string> = new Set([
  'docker-archive',
  'docker-daemon',
  'containers-storage',
]);

/** Whether a location can store an index and not only the image of one platform. */
export function holdsIndexes({ scheme }: Location): boolean {
  return !SINGLE_IMAGES.has(scheme);
}

/** Whether a location is a container engine of this machine. */
export function isEngine({ scheme }: Location): boolean {
  return scheme === 'docker-daemon' || scheme === 'containers-storage';
}

/** Whether a location is standard input or output, which can be used only once. */
export function isPipe({ scheme, name }: Location): boolean {
  return scheme.endsWith('-archive') && name === '-';
}

export interface CopyStores extends AsyncDisposable {
  readonly source: ReadStore;
  /** Opens the destination at the first call, so that a copy that cannot start creates nothing. */
  destination(): Promise<WriteStore>;
}

/** Opens one store for the same repository with the same credentials: both sides share a token. */
export async function openCopyStores(
  context: Pick<Context, 'openRead' | 'openWrite' | 'registry'>,
  { from, to }: CopyLocations,
  { sameRepository, mountFrom }: MountSources,
  options: OpenWriteOptions,
): Promise<CopyStores> {
  const isOneStore =
    sameRepository === true && (await context.registry('src')) === (await context.registry('dest'));
  const one = isOneStore ? await context.openWrite(to, 'dest', options) : undefined;
  const source = one ?? (await context.openRead(from, 'src', options));
  let destination: WriteStore | undefined = one;
  return {
    source,
    async destination() {
      destination ??= await context.openWrite(to, 'dest', { ...options, mountFrom: mountFrom?.() });
      return destination;
    },
    async [Symbol.asyncDispose]() {
      await destination?.[Symbol.asyncDispose]();
      if (source !== destination) await source[Symbol.asyncDispose]();
    },
  };
}

/** Opens the destination read-only; an empty one if it does not exist yet. */
export async function openDryRunDestination(
  context: Pick<Context, 'openRead'>,
  { to }: CopyLocations,
  stores: CopyStores,
  options: CallOptions,
): Promise<DryRunStore> {
  // Opening a repository for writing requests push access and sends nothing.
  if (to.scheme === 'docker') return createDryRunStore(await stores.destination());
  if (isPipe(to) || isEngine(to)) return createDryRunStore(createMemoryStore(to.text));
  try {
    return createDryRunStore(await context.openRead({ ...to, ref: undefined }, 'dest', options));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'PATH_UNKNOWN') throw error;
    return createDryRunStore(createMemoryStore(to.text));
  }
}
