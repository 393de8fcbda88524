import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import type { BlobRanges, ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { ImageConfig } from '../config.ts';
import { layerKindOf } from '../convert/layer-types.ts';
import type { LayerSource } from '../layer-bytes.ts';
import type { ImageView } from '../view.ts';
import type { TarEntry } from '../tar/entry.ts';
import { readTable } from '../toc/read-table.ts';
import { FileTree } from './file-tree.ts';
import { readLayer, withLayer, type ImageLayer } from './read-layer.ts';

/** The layers of an image, lowest first, with the source that has them. */
export interface LayerStack {
  readonly source: LayerSource;
  readonly layers: readonly ImageLayer[];
  /** Reads parts of layers that have a table of contents. */
  readonly ranges?: BlobRanges | undefined;
}

/**
 * The layers of an image and what its configuration says of them.
 * @throws AppError UNSUPPORTED if it has no layers of files, INVALID_CONFIG
 */
export async function openLayers(
  store: ReadStore,
  view: ImageView,
  options?: CallOptions,
): Promise<LayerStack> {
  const where = `${store.label}@${view.descriptor.digest}`;
  checkIsImage(view.manifest, where);
  return { source: store, layers: layersOf(view.manifest, await view.config(options), where) };
}

/** @throws AppError UNSUPPORTED */
export function checkIsImage(manifest: Manifest, where: string): asserts manifest is ImageManifest {
  if (manifest.kind !== 'image')
    throw new AppError('UNSUPPORTED', `${where} is no image of layers`);
  const { config, layers } = manifest;
  const other = [config, ...layers].find(({ mediaType }, i) =>
    i === 0 ? !isImageConfigType(mediaType) : layerKindOf(mediaType) === undefined,
  );
  if (other === undefined) return;
  throw new AppError('UNSUPPORTED', `${where} has no layers of files`, {
    why: [`it contains ${other.mediaType}`],
    hint: `It is an artifact, not an image. Print its manifest: regctl manifest ${where}`,
  });
}

/** @throws AppError INVALID_CONFIG unless there is one diff ID for each layer */
export function layersOf(
  { layers }: ImageManifest,
  { diffIds }: ImageConfig,
  where: string,
): readonly ImageLayer[] {
  if (diffIds.length !== layers.length || !diffIds.every(isDigest)) {
    throw new AppError(
      'INVALID_CONFIG',
      `${where}: the configuration has ${diffIds.length} diff IDs for ${layers.length} layers`,
      { hint: 'The image is inconsistent; build it again.' },
    );
  }
  return layers.map((descriptor, i) => ({ descriptor, diffId: diffIds[i] as Digest }));
}

/**
 * The merged files of an image. Of a layer with a table of contents, only that is read; every other
 * layer is read and verified. One after the other: two at a time need 15 MB more and save little.
 * @throws AppError BLOB_UNKNOWN, CORRUPT_LAYER; IntegrityError
 */
export async function readFileTree(
  { source, layers, ranges }: LayerStack,
  options: CallOptions = {},
): Promise<FileTree> {
  const tree = new FileTree();
  for (const [number, layer] of layers.entries()) {
    const found = await readTable(ranges, layer.descriptor, options);
    const batches = found === undefined ? readLayer(source, layer, options) : [found.table.entries];
    for await (const events of batches) {
      try {
        // Without content, all events are entries.
        for (const entry of events as readonly TarEntry[]) tree.add(entry, number);
      } catch (error) {
        throw withLayer(error, source.label, layer.descriptor);
      }
    }
  }
  return tree;
}
