import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import type { Schema1Manifest } from '../../oci/manifest.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { manifestNode, type Json, type ManifestNode } from './edit-json.ts';
import { layerType, manifestType } from './layer-types.ts';
import type { MeasuredLayer } from './recompress.ts';
import type { ManifestFormat } from './types.ts';

/** One step of a schema 1 image, oldest first; `layer` is absent if the step created none. */
interface Step {
  readonly layer: Digest | undefined;
  readonly v1: Json;
}

/** An image and its configuration, which no store has yet. */
export interface FromSchema1 {
  readonly node: ManifestNode;
  readonly config: Uint8Array;
}

/** More layers than any engine accepts. */
const MAX_STEPS = 1000;

/** Members that describe the image, not its history (Docker image spec v1). */
const STEP_MEMBERS: ReadonlySet<string> = new Set([
  'id',
  'parent',
  'parent_id',
  'layer_id',
  'Size',
  'throwaway',
]);

/**
 * Converts a Docker schema 1 image (distribution "Image Manifest Version 2, Schema 1") to `format`;
 * its layers are kept byte for byte.
 * @throws AppError INVALID_MANIFEST, and what `measure` throws
 */
export async function convertSchema1(
  manifest: Schema1Manifest,
  digest: Digest,
  format: ManifestFormat,
  measure: (layers: readonly Digest[]) => Promise<readonly MeasuredLayer[]>,
): Promise<FromSchema1> {
  const steps = stepsOf(manifest);
  const layers = await measure(steps.flatMap(({ layer }) => layer ?? []));
  const config = new TextEncoder().encode(JSON.stringify(configOf(steps, layers)));
  const body = {
    schemaVersion: 2,
    mediaType: manifestType(format, 'image'),
    config: {
      mediaType: manifestType(format, 'config'),
      digest: digestOf(config),
      size: config.byteLength,
    },
    layers: layers.map((layer) => descriptorOf(layer, format)),
  };
  return { node: manifestNode(body, body.mediaType, digest), config };
}

function descriptorOf(
  { digest, size, encoding }: MeasuredLayer,
  format: ManifestFormat,
): Descriptor {
  const mediaType = layerType(format, { encoding, foreign: false });
  if (mediaType !== undefined) return { mediaType, digest, size };
  throw new AppError('UNSUPPORTED', `${format} has no layers compressed with ${encoding}`);
}

/** Lists the steps oldest first; the manifest has the newest first. */
function stepsOf({ raw }: Schema1Manifest): readonly Step[] {
  const body = parseJsonStrict(raw, 'INVALID_MANIFEST', 'manifest');
  const { fsLayers, history } = isRecord(body) ? body : {};
  if (!Array.isArray(fsLayers) || !Array.isArray(history) || fsLayers.length !== history.length)
    throw invalid('fsLayers and history are not lists of one length');
  if (history.length === 0 || history.length > MAX_STEPS)
    throw invalid(`it has ${history.length} steps`);
  return history
    .map((entry: unknown, i) => {
      const text = isRecord(entry) ? entry['v1Compatibility'] : undefined;
      if (typeof text !== 'string') throw invalid(`history[${i}] has no v1Compatibility`);
      const v1 = parseJsonStrict(Buffer.from(text), 'INVALID_MANIFEST', 'v1Compatibility');
      if (!isRecord(v1)) throw invalid(`history[${i}] is not an object`);
      const layer: unknown = fsLayers[i];
      const digest = isRecord(layer) ? layer['blobSum'] : undefined;
      if (typeof digest !== 'string' || !isDigest(digest))
        throw invalid(`fsLayers[${i}] has no supported digest`);
      return { layer: v1['throwaway'] === true ? undefined : digest, v1 };
    })
    .toReversed();
}

function configOf(steps: readonly Step[], layers: readonly MeasuredLayer[]): Json {
  const newest = steps.at(-1)?.v1 ?? {};
  const kept = Object.entries(newest).filter(([name]) => !STEP_MEMBERS.has(name));
  return {
    ...Object.fromEntries(kept),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: steps.map(historyEntry),
  };
}

function historyEntry({ v1, layer }: Step): Json {
  const container = v1['container_config'];
  const command = isRecord(container) ? container['Cmd'] : undefined;
  return {
    ...(typeof v1['created'] === 'string' ? { created: v1['created'] } : {}),
    ...(typeof v1['author'] === 'string' ? { author: v1['author'] } : {}),
    ...(Array.isArray(command) ? { created_by: command.join(' ') } : {}),
    ...(typeof v1['comment'] === 'string' ? { comment: v1['comment'] } : {}),
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
}

function invalid(rule: string): AppError {
  return new AppError('INVALID_MANIFEST', `invalid schema 1 manifest: ${rule}`);
}
