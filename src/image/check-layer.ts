import type { CallOptions } from '../util/abort.ts';
import { layerKindOf } from './convert/layer-types.ts';
import { readLayer, type ImageLayer } from './files/read-layer.ts';
import type { LayerCompression, LayerSource } from './layer-bytes.ts';
import type { ByteText } from './tar/byte-text.ts';
import type { TarEntry } from './tar/entry.ts';
import { tableDifference } from './toc/compare-table.ts';
import { KeptTail } from './toc/kept-tail.ts';
import { namesTable, readTable } from './toc/read-table.ts';

export interface CheckLayerOptions extends CallOptions {
  readonly onEntry: (entry: TarEntry) => void;
}

/**
 * Reads a layer, and returns what is said of it and is not so: its media type, its table of
 * contents. @throws as readLayer
 */
export async function checkLayer(
  source: LayerSource,
  layer: ImageLayer,
  { onEntry, ...call }: CheckLayerOptions,
): Promise<readonly string[]> {
  const { mediaType, digest } = layer.descriptor;
  const tail = namesTable(layer.descriptor) ? new KeptTail(source) : undefined;
  const entries = new Map<ByteText, TarEntry>();
  let found: LayerCompression = 'none';
  const onCompression = (one: LayerCompression): void => {
    found = one;
  };
  for await (const events of readLayer(tail ?? source, layer, { ...call, onCompression })) {
    for (const entry of events as readonly TarEntry[]) {
      if (tail !== undefined) entries.set(entry.path, entry);
      onEntry(entry);
    }
  }
  const wrong = tail === undefined ? [] : await checkTable(tail, layer, entries);
  const said = layerKindOf(mediaType)?.encoding;
  if (said === found || said === undefined) return wrong;
  const is = found === 'none' ? 'not compressed' : found;
  return [...wrong, `layer ${digest} has the media type ${mediaType}, its bytes are ${is}`];
}

async function checkTable(
  { ranges }: KeptTail,
  { descriptor }: ImageLayer,
  entries: ReadonlyMap<ByteText, TarEntry>,
): Promise<readonly string[]> {
  let isWrong = false;
  const found = await readTable(ranges, descriptor, {
    isSmallRead: true,
    onWrongDigest: () => (isWrong = true),
  });
  const difference = isWrong
    ? 'does not have the digest that the manifest names'
    : found && tableDifference(found.table.entries, entries);
  return difference === undefined
    ? []
    : [`layer ${descriptor.digest}: its table of contents ${difference}`];
}
