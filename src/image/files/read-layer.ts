import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import { freeBuffer } from '../../util/bytes.ts';
import {
  corruptLayer,
  Digester,
  type LayerCompression,
  plainLayer,
  wrongDiffId,
  type LayerSource,
  type PlainLayerOptions,
} from '../layer-bytes.ts';
import type { TarEntry, TarEvent } from '../tar/entry.ts';
import { HeaderError } from '../tar/header.ts';
import { TarReader } from '../tar/reader.ts';

/** A layer and the digest that its configuration gives its tar. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  /** Absent: only the digest of the blob is checked. */
  readonly diffId: Digest | undefined;
}

export interface ReadLayerOptions extends PlainLayerOptions {
  /** Whether to read the content of an entry, too. Default: none. */
  readonly wantsContent?: ((entry: TarEntry) => boolean) | undefined;
}

/**
 * Reads the entries of a layer as its bytes arrive, a batch for each chunk, and verifies the layer:
 * it throws instead of ending if a digest is wrong. Memory does not grow with the layer.
 * @throws AppError BLOB_UNKNOWN, CORRUPT_LAYER; IntegrityError
 */
export async function* readLayer(
  source: LayerSource,
  { descriptor, diffId }: ImageLayer,
  { wantsContent, ...options }: ReadLayerOptions = {},
): AsyncGenerator<readonly TarEvent[]> {
  const reader = new TarReader(wantsContent);
  let isCompressed = false;
  const onCompression = (found: LayerCompression): void => {
    isCompressed = found !== 'none';
    options.onCompression?.(found);
  };
  const digester = diffId === undefined ? undefined : new Digester(algorithmOf(diffId));
  try {
    for await (const chunk of plainLayer(source, descriptor, { ...options, onCompression })) {
      options.signal?.throwIfAborted();
      digester?.update(chunk);
      const events = reader.push(chunk);
      if (wantsContent === undefined && isCompressed) freeBuffer(chunk);
      if (events.length > 0) yield events;
    }
    reader.finish();
  } catch (error) {
    throw withLayer(error, source.label, descriptor);
  }
  const actual = digester?.result().digest;
  if (diffId !== undefined && actual !== undefined && actual !== diffId)
    throw wrongDiffId(source.label, descriptor, diffId, actual);
}

/** Names the layer in an error about one of its headers. */
export function withLayer(
  error: unknown,
  label: string,
  descriptor: Pick<Descriptor, 'digest'> | undefined,
): unknown {
  return error instanceof HeaderError && descriptor !== undefined
    ? corruptLayer(label, descriptor, error.message)
    : error;
}

/** All entries of a layer, without their content. @throws as readLayer */
export async function layerEntries(
  source: LayerSource,
  layer: ImageLayer,
  options?: CallOptions,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  // Without content, all events are entries.
  for await (const events of readLayer(source, layer, options))
    for (const event of events as readonly TarEntry[]) entries.push(event);
  return entries;
}
