import type { Bytes } from '../../util/bytes.ts';
import type { Io } from '../io.ts';

/** Standard input as bytes; an abort ends it, for a pipe that never ends would hold the process. */
export async function* stdinBytes(stdin: Io['stdin'], signal?: AbortSignal): Bytes {
  signal?.throwIfAborted();
  const onAbort = (): void => void stdin.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
