import { once } from 'node:events';
import { IntegrityError } from '../errors/app-error.ts';
import type { Bytes } from '../util/bytes.ts';
import type { RequestBody } from './types.ts';

/** One sending of a request body. */
export interface Upload {
  /** What goes onto the wire. */
  readonly chunks: Bytes;
  /** Every byte has been handed over. */
  finished(): boolean;
  /** The server has answered: no further byte is read from the source. */
  hold(): void;
  /** Ends a held upload and the stall timer. */
  release(): void;
  /** What the source threw, if it did: not the fault of the connection. */
  failure(): unknown;
}

/**
 * Wraps a body so that it can be stopped when the server answers early, and so that `onStall` is
 * called when the server takes no bytes, or gives no answer after the last one, for `stallMs`.
 * Time spent waiting for the source does not count.
 */
export function createUpload(body: RequestBody, stallMs: number, onStall: () => void): Upload {
  let sent = 0;
  let held = false;
  let failure: unknown;
  let timer: NodeJS.Timeout | undefined;
  const released = new AbortController();
  const watch = (): void => {
    clearTimeout(timer);
    if (!held) timer = setTimeout(onStall, stallMs);
  };

  async function* pump(): Bytes {
    try {
      for await (const chunk of await body.open()) {
        if (held) break;
        sent += chunk.byteLength;
        if (sent > body.length) checkLength(sent, body.length);
        watch();
        yield chunk;
        clearTimeout(timer);
        if (held) break;
      }
      if (!held) checkLength(sent, body.length);
    } catch (error) {
      failure = error;
      throw error;
    }
    // Ending now would make a short request of it while the answer is still being read.
    if (held && !released.signal.aborted) await once(released.signal, 'abort');
    else if (!held) watch();
  }

  return {
    chunks: pump(),
    finished: () => sent >= body.length,
    hold() {
      held = true;
      clearTimeout(timer);
    },
    release() {
      held = true;
      clearTimeout(timer);
      // A reason of its own spares the stack trace of the default one.
      released.abort('released');
    },
    failure: () => failure,
  };
}

function checkLength(sent: number, expected: number): void {
  if (sent === expected) return;
  throw new IntegrityError(
    'SIZE_MISMATCH',
    `the content to send has ${sent} bytes instead of ${expected}`,
    { expected: String(expected), actual: String(sent) },
  );
}
