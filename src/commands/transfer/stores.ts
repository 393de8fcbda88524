import { createDryRunStore, type DryRunStore } from '../../copy/dry-run.ts';
import { AppError } from '../../errors/app-error.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { OpenWriteOptions, ReadStore, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import {
  isEngine,
  isPipe,
  type CopyLocations,
  type MountSources,
} from '../../client/copy-locations.ts';
import type { Context } from '../context.ts';

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
