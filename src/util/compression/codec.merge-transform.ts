import { pipeline, type Transform } from 'node:stream';
import type { Bytes } from '../bytes.ts';

/**
 * Bytes through a Node transform, chunk by chunk as they are cut, with back-pressure. An error of `bytes` comes out as it is, one of
 * the transform as `describe(error)`; a reader who stops early ends both.
 */
export async function* pipeThrough(
  bytes: Bytes,
  transform: Transform,
  describe: (error: unknown) => Error,
): Bytes {
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* (): Bytes {
    try {
      yield* bytes;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  // The error reaches whoever reads the transform; the callback only keeps it from being unhandled.
  pipeline(watched(), transform, () => undefined);
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
  } catch (error) {
    throw failure === undefined ? describe(error) : failure.error;
  }
}
