import { AppError } from '../errors/app-error.ts';
import { descriptorEntries, type Json } from '../image/convert/edit-json.ts';
import { formatOf } from '../image/convert/layer-types.ts';
import type { ManifestFormat } from '../image/convert/types.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { asRecord, isRecord } from '../util/json.ts';

/** A layer of an image, and the digest of its tar. */
export interface StepLayer {
  /** The descriptor as written in the manifest. */
  readonly entry: Json;
  readonly diffId: Digest;
}

/** One step of the history: at least one of both. */
export interface Step {
  readonly history?: Json;
  /** Absent: the step made no layer. */
  readonly layer?: StepLayer;
}

/** The two documents of an image. */
export interface Documents {
  readonly manifest: Json;
  readonly config: Json;
}

/** An image as a list of steps; its documents still have the layers and history of before. */
export interface ImageSteps extends Documents {
  readonly steps: readonly Step[];
}

/**
 * Takes an image apart. Layers that the history does not name become steps without one.
 * @throws AppError INVALID_CONFIG if layers and diff IDs do not match
 */
export function takeApart({ manifest, config }: Documents, where: string): ImageSteps {
  const entries = descriptorEntries(manifest['layers']);
  const ids = asRecord(config['rootfs'])['diff_ids'];
  const diffIds = Array.isArray(ids) ? (ids as unknown[]) : [];
  const layers = entries.flatMap((entry, at) => {
    const diffId = diffIds[at];
    return typeof diffId === 'string' && isDigest(diffId) ? { entry, diffId } : [];
  });
  if (diffIds.length === entries.length && layers.length === entries.length)
    return { manifest, config, steps: joined(config['history'], layers) };
  throw new AppError('INVALID_CONFIG', `cannot change ${where}: it contradicts itself`, {
    why: [
      `the manifest has ${entries.length} layers, the configuration ${diffIds.length} diff IDs`,
    ],
    hint: 'Build the image again.',
  });
}

function joined(history: unknown, layers: readonly StepLayer[]): readonly Step[] {
  const entries = Array.isArray(history) ? history.filter(isRecord) : [];
  const filled = entries.filter((entry) => entry['empty_layer'] !== true).length;
  // Nobody knows which entry is of which layer.
  if (filled !== layers.length) return layers.map((layer) => ({ layer }));
  let next = 0;
  return entries.map((entry) => {
    if (entry['empty_layer'] === true) return { history: entry };
    const layer = layers[next];
    next += 1;
    return layer === undefined ? { history: entry } : { history: entry, layer };
  });
}

/** The documents with the layers and history of the steps. */
export function putTogether({ manifest, config, steps }: ImageSteps): Documents {
  const layers = layersOf({ steps });
  const { history: _history, ...rest } = config;
  const hasHistory = steps.some(({ history }) => history !== undefined);
  return {
    manifest: { ...manifest, layers: layers.map(({ entry }) => entry) },
    config: {
      ...rest,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      // One entry for each layer, so that readers can match them.
      ...(hasHistory ? { history: steps.map(({ history }) => history ?? {}) } : {}),
    },
  };
}

/** The format of an image; an OCI manifest may leave out its media type. */
export function formatOfImage({
  manifest: { mediaType },
}: Pick<ImageSteps, 'manifest'>): ManifestFormat {
  return typeof mediaType === 'string' ? formatOf(mediaType) : 'oci';
}

/** The steps that made layers. */
export function layersOf({ steps }: Pick<ImageSteps, 'steps'>): readonly StepLayer[] {
  return steps.flatMap(({ layer }) => layer ?? []);
}
