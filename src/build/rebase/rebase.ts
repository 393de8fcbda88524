import { AppError } from '../../errors/app-error.ts';
import { layerKindOf, layerType } from '../../image/convert/layer-types.ts';
import type { ManifestFormat } from '../../image/convert/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { asRecord, stringRecord } from '../../util/json.ts';
import { formatOfImage, layersOf, type ImageSteps, type Step } from '../image-steps.ts';

/** The image of one platform of a base. */
export interface BaseImage {
  readonly image: ImageSteps;
  /** As written by the user, or in the annotation. */
  readonly name: string;
  /** What the name points to: an index, or the image. */
  readonly digest: Digest;
}

/** Annotations that name the base (image-spec v1.1.1 annotations.md). */
export const BASE_NAME = 'org.opencontainers.image.base.name';
export const BASE_DIGEST = 'org.opencontainers.image.base.digest';

/** What the annotations of an image say of its base; `undefined` without both of them. */
export function namedBase(
  manifest: ImageSteps['manifest'],
): { readonly name: string; readonly digest: string } | undefined {
  const annotations = stringRecord(manifest['annotations']);
  const [name, digest] = [annotations?.[BASE_NAME], annotations?.[BASE_DIGEST]];
  return name === undefined || digest === undefined ? undefined : { name, digest };
}

/**
 * Puts the layers of an image on another base: those of `from`, which have to be its first ones, are
 * replaced by those of `to`, with their history. The rest of the configuration stays.
 * @throws AppError BASE_MISMATCH
 */
export function rebase(
  image: ImageSteps,
  from: BaseImage,
  to: BaseImage,
  text: string,
): ImageSteps {
  const own = layersOf(image);
  const old = layersOf(from.image);
  const isBase = old.every(({ diffId }, at) => own[at]?.diffId === diffId);
  if (!isBase || old.length === 0) throw noBase(text, from.name);
  const format = formatOfImage(image);
  const base = to.image.steps.map((step) => inFormat(step, format, to.name));
  const version = to.image.config['os.version'];
  return {
    manifest: format === 'oci' ? withBase(image.manifest, to) : image.manifest,
    config: version === undefined ? image.config : { ...image.config, 'os.version': version },
    steps: [...base, ...image.steps.slice(lengthOf(image, from.image, old.length))],
  };
}

/** How many steps the old base has in the image. */
function lengthOf(image: ImageSteps, base: ImageSteps, layers: number): number {
  const before = image.steps.slice(0, base.steps.length);
  // Its steps without layers may stand after its last layer.
  if (layersOf({ steps: before }).length === layers) return before.length;
  let count = 0;
  const last = image.steps.findIndex(({ layer }) => {
    count += layer === undefined ? 0 : 1;
    return count === layers;
  });
  return last + 1;
}

/** A layer under the media type of the image's format. @throws AppError UNSUPPORTED */
function inFormat(step: Step, format: ManifestFormat, name: string): Step {
  if (step.layer === undefined) return step;
  const own = String(step.layer.entry['mediaType']);
  const kind = layerKindOf(own);
  const mediaType = kind === undefined ? own : layerType(format, kind);
  if (mediaType === undefined) {
    throw new AppError(
      'UNSUPPORTED',
      `cannot rebase on ${name}: Docker v2s2 has no ${own} layers`,
      {
        hint: 'Convert the image in the same step: --to oci',
      },
    );
  }
  return { ...step, layer: { ...step.layer, entry: { ...step.layer.entry, mediaType } } };
}

function withBase(
  manifest: ImageSteps['manifest'],
  { name, digest }: BaseImage,
): ImageSteps['manifest'] {
  const annotations = {
    ...asRecord(manifest['annotations']),
    [BASE_DIGEST]: digest,
    [BASE_NAME]: name,
  };
  return { ...manifest, annotations };
}

function noBase(text: string, base: string): AppError {
  return new AppError('BASE_MISMATCH', `cannot rebase ${text}: ${base} is not its base`, {
    why: ['the first layers of the image are others'],
    hint: `Compare the layers: regctl inspect -o text ${base}`,
  });
}
