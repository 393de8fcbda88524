import type { Bytes } from '../bytes.ts';
import { OutputLimits } from './limits.ts';
import type { DecompressionLimits } from './types.ts';

/** Bounds for a decoder that lacks parts of the format. */
export interface XzLimits extends DecompressionLimits {
  /** The error for content that this decoder does not support: "it needs …". */
  readonly unsupported: (rule: string) => Error;
}

/** XZ Embedded's return codes (xz_ret in its xz.h) that say more than "damaged". */
const MEMORY_LIMIT = 4;
const OPTIONS = 6;
const NO_PROGRESS = 8;

/**
 * Decodes concatenated and padded xz streams to the end of `bytes`.
 * @throws the error of `limits` for damage, a truncated stream, too much output, a dictionary over
 * 64 MiB, or a filter or check that the decoder lacks
 */
export async function* decompressXz(bytes: Bytes, limits: XzLimits): Bytes {
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const counted = new OutputLimits(limits);
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* (): Bytes {
    try {
      // The decoder takes an empty chunk for the end of the stream.
      for await (const chunk of counted.countInput(bytes)) if (chunk.byteLength > 0) yield chunk;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  const decoded = new XzReadableStream(ReadableStream.from(watched()));
  try {
    for await (const chunk of decoded) {
      if (chunk.byteLength === 0) continue;
      counted.addOutput(chunk);
      yield chunk;
    }
  } catch (error) {
    throw failure === undefined ? explained(error, limits) : failure.error;
  }
}

/** The decoder's errors are numbers in a message; any other error passes unchanged. */
function explained(error: unknown, limits: XzLimits): unknown {
  const status = error instanceof Error ? /error code (\d+)/u.exec(error.message)?.[1] : undefined;
  if (status === undefined) return error;
  switch (Number(status)) {
    case MEMORY_LIMIT:
      return limits.unsupported('its dictionary is over 64 MiB');
    case OPTIONS:
      return limits.unsupported('it uses a filter or a check that regctl cannot read');
    case NO_PROGRESS:
      return limits.fail('it is cut short', error);
    default:
      return limits.fail('it is damaged', error);
  }
}
