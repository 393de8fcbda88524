import type { OpenOptions, PushOptions, Source } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';

/** Yields the verified bytes of a source and reports to `onBytes` how many have been read. */
export async function verifiedBytesOf(
  source: Source,
  where: string,
  options?: PushOptions & Pick<OpenOptions, 'reuseChunks'>,
): Promise<Bytes> {
  options?.signal?.throwIfAborted();
  const { signal, reuseChunks } = options ?? {};
  const bytes = await source.open({ signal, reuseChunks });
  return tell(verified(bytes, source.descriptor, where), options);
}

async function* tell(bytes: Bytes, options?: PushOptions): Bytes {
  let sent = 0;
  for await (const chunk of bytes) {
    options?.signal?.throwIfAborted();
    yield chunk;
    sent += chunk.byteLength;
    options?.onBytes?.(sent);
  }
}
