import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, hexOf, isDigest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { systemError } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import { titleOf } from '../annotations.ts';
import { findFile, hasDirectory, isInTheWay, placeAll, refuse, type Found } from './place.ts';
import { safeParts, unsafe } from './safe-path.ts';
import { CONTENT_DIGEST, UNPACK } from './sources.ts';
import { Staging } from './staging.ts';
import { unpackDirectory } from './unpack.ts';

/** Progress of one layer. */
export type PullEvent =
  | { readonly type: 'found' | 'start'; readonly descriptor: Descriptor }
  | {
      readonly type: 'end';
      readonly descriptor: Descriptor;
      readonly outcome: 'written' | 'present';
    };

export interface PullOptions extends CallOptions {
  /** The directory to write to; it is made if it is missing. */
  readonly folder: string;
  readonly overwrite: boolean;
  readonly concurrency: number;
  readonly temporaries: Temporaries;
  readonly onEvent?: ((event: PullEvent) => void) | undefined;
}

/** One layer of an artifact that has a name. */
export interface PulledFile {
  readonly title: string;
  readonly descriptor: Descriptor;
  readonly isDirectory: boolean;
}

export interface Pulled {
  readonly files: readonly PulledFile[];
  /** Layers without a name, which are left out. */
  readonly unnamed: readonly Descriptor[];
  /** Paths of the files that were written; the others were there. */
  readonly written: readonly string[];
}

interface NamedLayer extends PulledFile {
  readonly parts: readonly string[];
}

/**
 * Writes the files of an artifact below a directory, and never anywhere else. All names are checked
 * before anything is fetched, everything is verified before a file gets its name, and a file that
 * or directory that is there with the same content is not fetched again.
 * @throws AppError PATH_UNSAFE, PATH_EXISTS, CORRUPT_LAYER, IO, NO_SPACE; IntegrityError
 */
export async function pullArtifact(
  store: ReadStore,
  { layers }: ImageManifest,
  options: PullOptions,
): Promise<Pulled> {
  const { folder, overwrite, temporaries, signal } = options;
  const named = layers.filter(isNamed).map(namedLayer);
  const staging = new Staging(join(folder, temporaries.name()));
  for (const { parts, isDirectory } of named) {
    staging.claim(parts, isDirectory ? 'directory' : 'file');
  }
  const missing = await missingOf(named, options);
  let written: readonly string[] = [];
  if (missing.length > 0) {
    await attempt(folder, () => makeFolder(folder));
    await temporaries.sweep(folder);
    await attempt(folder, () => mkdir(staging.folder, { mode: 0o700 }));
    try {
      await fetchAll(store, missing, staging, options);
      await staging.finish();
      const wanted = new Set(missing);
      const there = named.filter((one) => !wanted.has(one)).map(({ parts }) => parts.join('/'));
      written = await placeAll(staging, { folder, overwrite, signal, there: new Set(there) });
    } finally {
      await rm(staging.folder, { recursive: true, force: true });
    }
  }
  return { files: named, unnamed: layers.filter((layer) => !isNamed(layer)), written };
}

function isNamed(layer: Descriptor): boolean {
  return (titleOf(layer) ?? '') !== '';
}

function namedLayer(descriptor: Descriptor): NamedLayer {
  const title = titleOf(descriptor) ?? '';
  const isDirectory = descriptor.annotations?.[UNPACK] === 'true';
  const parts = safeParts(title);
  const isFileName = parts.length > 0 && !title.endsWith('/');
  if (!isDirectory && !isFileName) throw unsafe(title, 'it is the name of a directory');
  return { title, descriptor, isDirectory, parts };
}

/** The layers to fetch. */
async function missingOf(
  named: readonly NamedLayer[],
  { folder, overwrite, concurrency, onEvent, signal }: PullOptions,
): Promise<readonly NamedLayer[]> {
  const found = await mapParallel(
    named,
    concurrency,
    async (one, call): Promise<Found> => {
      const { parts, descriptor, isDirectory } = one;
      const { digest, size } = descriptor;
      if (isDirectory) return (await isUnpacked(one, folder, call)) ? 'same' : 'absent';
      if (algorithmOf(digest) !== 'sha256') return 'absent';
      return findFile(folder, parts.join('/'), { size, sha256: hexOf(digest) });
    },
    { signal },
  );
  const different = named.filter((_one, at) => isInTheWay(found[at], overwrite));

  refuse(
    folder,
    different.map(({ title }) => title),
  );
  for (const { descriptor } of named) onEvent?.({ type: 'found', descriptor });
  for (const [at, { descriptor }] of named.entries()) {
    if (found[at] === 'same') onEvent?.({ type: 'end', descriptor, outcome: 'present' });
  }
  return named.filter((_one, at) => found[at] !== 'same');
}

/**
 * Whether a directory is there as it was packed. Otherwise, what is in it is known only when it is
 * unpacked. The output directory itself is not packed: it can hold anything.
 */
async function isUnpacked(
  { title, parts, descriptor }: NamedLayer,
  folder: string,
  options: CallOptions,
): Promise<boolean> {
  const tar = descriptor.annotations?.[CONTENT_DIGEST];
  if (parts.length === 0 || tar === undefined || !isDigest(tar)) return false;
  if (algorithmOf(tar) !== 'sha256') return false;
  return hasDirectory(folder, parts.join('/'), { title, sha256: hexOf(tar) }, options);
}

async function fetchAll(
  store: ReadStore,
  missing: readonly NamedLayer[],
  staging: Staging,
  { concurrency, onEvent, signal }: PullOptions,
): Promise<void> {
  await mapParallel(
    missing,
    concurrency,
    async ({ parts, descriptor, isDirectory }, call) => {
      onEvent?.({ type: 'start', descriptor });
      if (isDirectory) await unpackDirectory(store, descriptor, parts, staging, call);
      else await staging.writeFile(parts, await store.fetch(descriptor, call), call);
      onEvent?.({ type: 'end', descriptor, outcome: 'written' });
    },
    { signal },
  );
}

async function attempt(path: string, task: () => Promise<unknown>): Promise<void> {
  try {
    await task();
  } catch (error) {
    throw systemError(error, { verb: 'write', path });
  }
}
