import { type BeginWait, type CallOptions, UNTOLD } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Io } from '../io.ts';

export interface StdinOptions extends CallOptions {
  /** Called when the wait for the first bytes begins. */
  readonly beginWait?: BeginWait | undefined;
}

/** Reads standard input; an abort ends it, as an endless pipe would keep the process alive. */
export async function* stdinBytes(
  stdin: Io['stdin'],
  { signal, beginWait = UNTOLD }: StdinOptions = {},
): Bytes {
  signal?.throwIfAborted();
  const onAbort = (): void => void stdin.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  const endWait = beginWait('standard input');
  try {
    for await (const chunk of stdin) {
      endWait();
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    }
  } finally {
    endWait();
    signal?.removeEventListener('abort', onAbort);
  }
}
