import type { Descriptor } from '../../oci/descriptor.ts';
import { shortDigest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { ConversionSite } from './image-manifest.ts';
import { diffIdsOf, type ImagePlan } from './layer-plan.ts';
import { layerType } from './layer-types.ts';
import type { Recompressor } from './recompress.ts';

/** The source and compressor for the layers of an image. */
export interface LayerWork extends CallOptions {
  readonly source: ReadStore;
  readonly layers: Recompressor;
  /** Runs one transfer when a slot is free. */
  readonly slot: <T>(
    signal: AbortSignal | undefined,
    task: (signal: AbortSignal | undefined) => Promise<T>,
  ) => Promise<T>;
  readonly note: ((text: string) => void) | undefined;
}

/**
 * Recompresses the layers of an image according to `plan`. They are read before the copy starts,
 * because the manifest needs their digests.
 * @throws AppError INVALID_CONFIG; IntegrityError
 */
export async function recompressLayers(
  { config, layers }: ImageManifest,
  plan: ImagePlan,
  { label, digest }: ConversionSite,
  { source, layers: recompressor, slot, note, signal }: LayerWork,
): Promise<readonly Descriptor[]> {
  const bytes = await slot(signal, (inner) => fetchAll(source, config, { signal: inner }));
  const diffIds = diffIdsOf(bytes, layers, `${label}: ${digest}`);
  const formats = plan.layers.flatMap((one) => one?.format ?? []);
  const what = formats.length === 1 ? 'a layer' : `${formats.length} layers`;
  const of = `${what} of ${shortDigest(digest)}`;
  note?.(formats[0] === 'none' ? `decompressing ${of}` : `compressing ${of} with ${formats[0]}`);
  const convertLayer = async (i: number, call: CallOptions): Promise<Descriptor> => {
    const [layer, diffId, how] = [layers[i], diffIds[i], plan.layers[i]];
    if (layer === undefined || diffId === undefined) throw new Error('one diff ID per layer');
    if (how === undefined) return layer;
    const made = await slot(call.signal, (inner) => recompressor.layer(layer, diffId, how, inner));
    const mediaType = layerType(plan.format, { encoding: how.format, foreign: false });
    return { ...layer, ...made, mediaType: mediaType ?? layer.mediaType };
  };
  return mapParallel([...layers.keys()], Infinity, convertLayer, { signal });
}
