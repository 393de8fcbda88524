import { AppError } from '../../errors/app-error.ts';
import { exportFiles } from '../../image/files/export-files.ts';
import { readFileTree } from '../../image/files/image-files.ts';
import { layerEntries } from '../../image/files/read-layer.ts';
import { KeptLayers } from '../../image/files/kept-layers.ts';
import { layerKindOf } from '../../image/convert/layer-types.ts';
import { corruptLayer, plainLayer } from '../../image/layer-bytes.ts';
import { displayed, type ByteText } from '../../image/tar/byte-text.ts';
import { HeaderError } from '../../image/tar/header.ts';
import { plainPath } from '../../image/tar/plain-path.ts';
import { parseDescriptor } from '../../oci/descriptor.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { BuiltStore } from '../built-store.ts';
import {
  formatOfImage,
  layersOf,
  type ImageSteps,
  type Step,
  type StepLayer,
} from '../image-steps.ts';
import { addLayer } from './append.ts';
import type { LayerWriter } from './layer-writer.ts';
import { stripTar } from './strip-tar.ts';

/** What the changes of layers work with. */
export interface LayerTools {
  readonly built: BuiltStore;
  readonly writer: LayerWriter;
  readonly tempDir: string;
  readonly call: CallOptions;
}

/** Joins all layers into one, which holds the merged files. @throws as readFileTree */
export async function squash(
  image: ImageSteps,
  store: ReadStore,
  { built, writer, tempDir, call }: LayerTools,
  created: string,
): Promise<ImageSteps> {
  const layers = layersOf(image).map(({ entry, diffId }, at) => ({
    descriptor: parseDescriptor(entry, `layers[${at}]`),
    diffId,
  }));
  if (layers.length === 0) return image;
  // Read for the list of files, and then for their content.
  await using source = new KeptLayers(built.over(store), tempDir);
  const stack = { source, layers };
  const tree = await readFileTree(stack, call);
  const onLayerDone = async (number: number): Promise<void> => {
    const layer = layers[number];
    if (
      layer !== undefined &&
      layers.findLastIndex(({ descriptor }) => descriptor.digest === layer.descriptor.digest) ===
        number
    ) {
      await source.release(layer.descriptor);
    }
  };
  const written = await writer.compress(exportFiles(tree, stack, { ...call, onLayerDone }), call);
  const history = { created, created_by: 'regctl mutate --squash' };
  return { ...image, steps: [{ history, layer: addLayer(built, written, formatOfImage(image)) }] };
}

/** Removes layers by their numbers, from 0, with their history. @throws AppError USAGE */
export function removeLayers(
  image: ImageSteps,
  numbers: ReadonlySet<number>,
  text: string,
): ImageSteps {
  const layers = layersOf(image);
  for (const number of numbers) {
    if (number < layers.length) continue;
    throw new AppError(
      'USAGE',
      `cannot remove layer ${number} of ${text}: it has ${layers.length}`,
      {
        hint: 'Layers count from 0, the lowest. List them: regctl inspect -o text IMAGE',
      },
    );
  }
  const gone = new Set([...numbers].map((number) => layers[number]));
  return {
    ...image,
    steps: image.steps.filter(({ layer }) => layer === undefined || !gone.has(layer)),
  };
}

/** Forgets how the layers were made. */
export function stripHistory(image: ImageSteps): ImageSteps {
  return { ...image, steps: layersOf(image).map((layer) => ({ layer })) };
}

/** Paths to strip, and which of them some layer had. */
export class StripPaths {
  readonly found = new Set<ByteText>();
  readonly #paths: readonly ByteText[];

  /** @throws AppError USAGE for the root */
  constructor(texts: readonly string[]) {
    this.#paths = texts.map((text) => {
      const path = plainPath(Buffer.from(text).toString('latin1').replace(/^\/+/u, ''));
      if (path !== '') return path;
      throw new AppError('USAGE', `cannot strip "${text}": that is all files`, {
        hint: 'Remove layers instead: --layer-rm N',
      });
    });
  }

  /** The stripped path that `path` is, or that it is below. */
  over(path: ByteText): ByteText | undefined {
    return this.#paths.find((one) => path === one || path.startsWith(`${one}/`));
  }

  /** @throws AppError PATH_UNKNOWN for a path that no layer had */
  requireFound(text: string): void {
    const missing = this.#paths.find((one) => !this.found.has(one));
    if (missing === undefined) return;
    throw new AppError(
      'PATH_UNKNOWN',
      `cannot strip ${displayed(missing)}: ${text} does not have it`,
      {
        hint: `List its files: regctl files ${text}`,
      },
    );
  }
}

/** Takes files out of every layer; a layer that has none of them stays. @throws as plainLayer */
export async function stripFiles(
  image: ImageSteps,
  store: ReadStore,
  paths: StripPaths,
  tools: LayerTools,
): Promise<ImageSteps> {
  const steps: Step[] = [];
  for (const step of image.steps) {
    const layer =
      step.layer === undefined ? undefined : await stripped(image, step.layer, store, paths, tools);
    steps.push(layer === undefined ? step : { ...step, layer });
  }
  return { ...image, steps };
}

async function stripped(
  image: ImageSteps,
  { entry, diffId }: StepLayer,
  store: ReadStore,
  paths: StripPaths,
  { built, writer, tempDir, call }: LayerTools,
): Promise<StepLayer | undefined> {
  const descriptor = parseDescriptor(entry, 'layer');
  // Their bytes are the publisher's own.
  if (layerKindOf(descriptor.mediaType)?.foreign !== false) return undefined;
  await using source = new KeptLayers(built.over(store), tempDir);
  const entries = await layerEntries(source, { descriptor, diffId }, call);
  if (!entries.some(({ path }) => paths.over(path) !== undefined)) return undefined;
  const onGone = (path: ByteText): void => {
    const over = paths.over(path);
    if (over !== undefined) paths.found.add(over);
  };
  const tar = async function* (): Bytes {
    try {
      const plain = plainLayer(source, descriptor, call);
      yield* stripTar(plain, (path) => paths.over(path) !== undefined, onGone);
    } catch (error) {
      throw error instanceof HeaderError
        ? corruptLayer(store.label, descriptor, error.message)
        : error;
    }
  };
  const written = await writer.compress(tar(), call);
  return addLayer(built, written, formatOfImage(image));
}
