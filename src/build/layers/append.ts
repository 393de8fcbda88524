import { basename } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { layerType } from '../../image/convert/layer-types.ts';
import type { ManifestFormat } from '../../image/convert/types.ts';
import { HeaderError } from '../../image/tar/header.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { sniff } from '../../util/compression/codec.ts';
import { peekStart } from '../../image/layer-bytes.ts';
import type { BuiltStore } from '../built-store.ts';
import { formatOfImage, type ImageSteps, type StepLayer } from '../image-steps.ts';
import { inspectTar } from './inspect-tar.ts';
import type { LayerWriter, WrittenLayer } from './layer-writer.ts';
import { isWindowsPath, windowsTar } from './windows-tar.ts';

/** What becomes a layer: a file that may be compressed, or the tar of a directory. */
export interface LayerInput {
  /** As typed. */
  readonly name: string;
  readonly isDirectory: boolean;
  open(): Bytes;
}

/**
 * One layer to append. It is read and checked once, and written again for a form that the image
 * needs: below `Files/` for Windows, with gzip for Docker's format, which has no zstd layers.
 */
export class AppendedLayer {
  readonly #input: LayerInput;
  readonly #writer: LayerWriter;
  readonly #call: CallOptions;
  #kept: Promise<{ readonly layer: WrittenLayer; readonly isWindows: boolean }> | undefined;
  readonly #forms = new Map<string, Promise<WrittenLayer>>();

  constructor(input: LayerInput, writer: LayerWriter, call: CallOptions) {
    this.#input = input;
    this.#writer = writer;
    this.#call = call;
  }

  /** Adds the layer as the last step. `created`: RFC 3339. */
  async appendTo(image: ImageSteps, built: BuiltStore, created: string): Promise<ImageSteps> {
    const format = formatOfImage(image);
    const layer = await this.#layer(format, image.config['os'] === 'windows');
    const history = {
      created,
      created_by: `regctl mutate --append ${basename(this.#input.name)}`,
    };
    return {
      ...image,
      steps: [...image.steps, { history, layer: addLayer(built, layer, format) }],
    };
  }

  async #layer(format: ManifestFormat, forWindows: boolean): Promise<WrittenLayer> {
    const { layer, isWindows } = await this.#checked();
    const fits = layerType(format, { encoding: layer.compression, foreign: false }) !== undefined;
    const isMoved = forWindows && !isWindows;
    if (fits && !isMoved) return layer;
    const form = isMoved ? 'windows' : 'gzip';
    const made = this.#forms.get(form) ?? this.#rewritten(layer, isMoved);
    this.#forms.set(form, made);
    return made;
  }

  async #rewritten(layer: WrittenLayer, isMoved: boolean): Promise<WrittenLayer> {
    const tar = this.#writer.read(layer, this.#input.name, this.#call);
    return this.#writer.compress(isMoved ? windowsTar(tar) : tar, this.#call);
  }

  #checked(): Promise<{ readonly layer: WrittenLayer; readonly isWindows: boolean }> {
    this.#kept ??= this.#check();
    return this.#kept;
  }

  async #check(): Promise<{ readonly layer: WrittenLayer; readonly isWindows: boolean }> {
    const { name } = this.#input;
    let [isWindows, isFirst] = [true, true];
    const onEntry = (path: string): void => {
      if (path !== '') isFirst = false;
      isWindows &&= path === '' || isWindowsPath(path);
    };
    const inspect = (tar: Bytes): Bytes => inspectTar(tar, name, onEntry);
    try {
      const { start, all } = await peekStart(this.#input.open());
      const layer =
        sniff(start) === 'none'
          ? await this.#writer.compress(inspect(all), this.#call)
          : await this.#writer.keep(all, name, inspect, this.#call);
      return { layer, isWindows: isWindows && !isFirst };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'CORRUPT_LAYER') throw error;
      throw error.cause instanceof HeaderError || error.message.startsWith('cannot append')
        ? error
        : unreadable(name, error);
    }
  }
}

/** Makes a written layer part of the result. */
export function addLayer(
  built: BuiltStore,
  layer: WrittenLayer,
  format: ManifestFormat,
): StepLayer {
  const { compression, diffId } = layer;
  const mediaType = layerType(format, { encoding: compression, foreign: false });
  if (mediaType === undefined) throw new Error(`${format} has no layer with ${compression}`);
  const { digest, size } = built.addBlob(layer.source(mediaType));
  return { entry: { mediaType, digest, size }, diffId };
}

function unreadable(name: string, cause: AppError): AppError {
  const [, rule = cause.message] = /: ([^:]*)$/u.exec(cause.message) ?? [];
  return new AppError('CORRUPT_LAYER', `cannot append ${name}: ${rule}`, {
    hint: 'A layer is a tar archive, plain or compressed with gzip or zstd, or a directory.',
    cause,
  });
}
