import { KeptLayers } from '../../image/files/kept-layers.ts';
import { openLayers, type LayerStack } from '../../image/files/image-files.ts';
import type { ImageView } from '../../image/view.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { openRequestedImage } from './image.ts';

export type LayersContext = Pick<
  Context,
  'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'warn' | 'tempDir'
>;

/** The layers of the requested platform of an image. */
export interface OpenedLayers extends AsyncDisposable {
  readonly view: ImageView;
  readonly stack: LayerStack;
  /** Gives back the room of a layer that is not read again. */
  release(number: number): Promise<void>;
}

export interface OpenLayersOptions extends CallOptions {
  /** Layers are read more than once, which should not mean two downloads. */
  readonly isReadTwice: boolean;
  /** A table of contents, where a layer has one, is enough. */
  readonly usesTables: boolean;
}

/** @throws as openRequestedImage and openLayers */
export async function openImageLayers(
  context: LayersContext,
  location: Location,
  { isReadTwice, usesTables, signal }: OpenLayersOptions,
): Promise<OpenedLayers> {
  const call = { signal };
  const store = await context.openRead(location, 'single', call);
  const kept = new KeptLayers(store, context.tempDir);
  const dispose = async (): Promise<void> => {
    await kept[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  try {
    const { stream } = store.capabilities;
    if (stream !== undefined) await kept.takeAll(stream, call);
    const view = await openRequestedImage(context, store, location.ref, call);
    const own = await openLayers(store, view, call);
    const isKept = stream !== undefined || (isReadTwice && isRemote(location));
    const { ranges } = store.capabilities;
    const stack = {
      ...own,
      ...(isKept ? { source: kept } : {}),
      ...(usesTables ? { ranges } : {}),
    };
    return {
      view,
      stack,
      release: async (number) => {
        const layer = stack.layers[number];
        const isNeeded = stack.layers
          .slice(number + 1)
          .some(({ descriptor }) => descriptor.digest === layer?.descriptor.digest);
        if (layer !== undefined && !isNeeded) await kept.release(layer.descriptor);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function isRemote({ scheme }: Location): boolean {
  return scheme === 'docker';
}

/** Reads `bytes` and then closes what they come from. */
export async function* closing(
  bytes: AsyncIterable<Uint8Array>,
  source: AsyncDisposable | ReadStore,
): AsyncIterable<Uint8Array> {
  try {
    yield* bytes;
  } finally {
    await source[Symbol.asyncDispose]();
  }
}
