import { AppError } from '../../errors/app-error.ts';
import { displayed } from '../../image/tar/byte-text.ts';
import type { FileType, TarEntry } from '../../image/tar/entry.ts';
import { openLayers, readFileTree, type LayerStack } from '../../image/files/image-files.ts';
import { listFiles, type ListedFile } from '../../image/files/list-files.ts';
import { layerEntries } from '../../image/files/read-layer.ts';
import { openImage } from '../../image/view.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { nameMatcher } from './filter.ts';

export const FILES_PER_PAGE = 200;

export interface FileRow {
  readonly path: string;
  readonly type: FileType | 'link' | 'removal';
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The layer that holds it, from 0; `undefined` for a directory without an entry. */
  readonly layer: number | undefined;
  /** What a symbolic or hard link points to. */
  readonly target: string | undefined;
}

export interface FilesPage {
  readonly layers: readonly Descriptor[];
  readonly total: number;
  readonly matching: number;
  /** Bytes of all matching files. */
  readonly bytes: number;
  readonly rows: readonly FileRow[];
  readonly page: number;
  readonly pages: number;
}

export interface FilesQuery {
  readonly ref: string | undefined;
  /** Only the entries of this layer, from 0, as they are stored. Default: what a container sees. */
  readonly layer: number | undefined;
  readonly filter: string;
  readonly page: number;
  readonly host: Platform;
}

/** The list of the image or layer that was read last, so that its pages read it only once. */
export interface FilesCache {
  last?: { readonly key: string; readonly rows: readonly FileRow[] } | undefined;
}

/**
 * Lists the files of an image or layer, which reads and verifies all its bytes.
 * @throws AppError UNSUPPORTED if it has none, USAGE if there is no such layer, CORRUPT_LAYER
 */
export async function readFiles(
  store: ReadStore,
  { ref, layer, filter, page, host }: FilesQuery,
  cache: FilesCache,
  options: CallOptions,
): Promise<FilesPage> {
  const view = await openImage(store, ref, { ...options, host });
  const stack = await openLayers(store, view, options);
  const key = `${view.descriptor.digest} ${layer ?? ''}`;
  if (cache.last?.key !== key) {
    cache.last = undefined;
    cache.last = { key, rows: await rowsOf(stack, layer, options) };
  }
  const { rows } = cache.last;
  const matches = nameMatcher(filter);
  const matching = rows.filter(({ path }) => matches(path));
  return {
    layers: stack.layers.map(({ descriptor }) => descriptor),
    total: rows.length,
    matching: matching.length,
    bytes: matching.reduce((sum, { size }) => sum + size, 0),
    rows: matching.slice((page - 1) * FILES_PER_PAGE, page * FILES_PER_PAGE),
    page,
    pages: Math.max(1, Math.ceil(matching.length / FILES_PER_PAGE)),
  };
}

async function rowsOf(
  stack: LayerStack,
  number: number | undefined,
  options: CallOptions,
): Promise<readonly FileRow[]> {
  if (number === undefined) {
    return Array.from(listFiles(await readFileTree(stack, options), stack.source.label), rowOf);
  }
  const layer = stack.layers[number];
  if (layer === undefined) {
    throw new AppError('USAGE', `the image has no layer ${number + 1}`, {
      hint: `It has ${stack.layers.length} layers.`,
    });
  }
  const entries = await layerEntries(stack.source, layer, options);
  return entries.map((entry) => ({ ...rowOf(entry), layer: number }));
}

const WHITEOUT = /(^|\/)\.wh\./u;

function rowOf({ path, inode, hardLink }: ListedFile & Partial<TarEntry>): FileRow {
  const { type, mode, size, mtime, link } = inode;
  const isLink = hardLink !== undefined;
  const isRemoval = WHITEOUT.test(path);
  return {
    path: `/${displayed(isRemoval ? path.replace(WHITEOUT, '$1') : path)}`,
    type: isRemoval ? 'removal' : isLink ? 'link' : type,
    mode,
    size: isLink ? 0 : size,
    mtime,
    layer: inode.index < 0 ? undefined : inode.layer,
    target: isLink ? `/${displayed(hardLink)}` : link === undefined ? undefined : displayed(link),
  };
}
