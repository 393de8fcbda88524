import { once } from 'node:events';
import { IntegrityError } from '../../errors/app-error.ts';
import type { Bytes } from '../../util/bytes.ts';
import { HEADERS_TIMEOUT, TOO_SLOW } from '../error-codes.ts';
import { SpeedMonitor, ChunkSizer, type SpeedLimit } from './speed-limit.ts';
import type { RequestBody } from '../types.ts';

/** One transmission of a request body. */
export interface UploadBody {
  /** The bytes to send. */
  readonly chunks: Bytes;
  /** Every byte was handed over. */
  finished(): boolean;
  /** The server answered: no further byte is read from the source. */
  hold(): void;
  /** Ends a held upload and the stall timer. */
  release(): void;
  /** What the source threw, if it did, as opposed to a connection error. */
  failure(): unknown;
}

export interface UploadLimits extends SpeedLimit {
  /** Milliseconds without a byte accepted, or from the last one to the answer. */
  readonly stallMs: number;
  /** Bytes per second, assumed until the speed of the link is known. */
  readonly slowestLink: number;
  readonly now: () => number;
  readonly onStall: (code: typeof HEADERS_TIMEOUT | typeof TOO_SLOW) => void;
}

/** The minimum speed at which a registry stores received data before it answers. */
const STORED_PER_MS = 10 * 1024;
/** What a connection over a slow link may still hold after it accepted the last byte. */
const HELD_BYTES = 128 * 1024;
/** More than any connection buffers: after that, the measured speed is real. */
const SPEED_KNOWN_BYTES = 4 * 1024 * 1024;
const MAX_EXTRA_MS = 15 * 60 * 1000;

/**
 * Wraps a body so that it can be stopped if the server answers early, and so that `onStall` is
 * called if the server accepts no bytes or too few, or does not answer after the last one. Time
 * spent waiting for the source does not count.
 */
export function createUploadBody(body: RequestBody, limits: UploadLimits): UploadBody {
  const { stallMs, slowestLink, now, onStall } = limits;
  const monitor = new SpeedMonitor(limits);
  const sizer = new ChunkSizer();
  let spentMs = 0;
  let sent = 0;
  let held = false;
  let failure: unknown;
  let timer: NodeJS.Timeout | undefined;
  const released = new AbortController();
  const watch = (extraMs = 0): void => {
    clearTimeout(timer);
    if (!held) timer = setTimeout(() => onStall(HEADERS_TIMEOUT), stallMs + extraMs);
  };
  /** Time for the last bytes to arrive at the previous speed, and for all bytes to be stored. */
  const extraMs = (): number => {
    const msPerByte = sent < SPEED_KNOWN_BYTES ? 1000 / slowestLink : spentMs / sent;
    const arriving = Math.min(sent, HELD_BYTES) * msPerByte;
    return Math.min(MAX_EXTRA_MS, arriving + sent / STORED_PER_MS);
  };

  const offer = (piece: Uint8Array): number => {
    sent += piece.byteLength;
    watch(sent === body.length ? extraMs() : 0);
    return now();
  };
  const taken = (piece: Uint8Array, tookMs: number): void => {
    clearTimeout(timer);
    spentMs += Math.max(0, tookMs);
    sizer.report(tookMs);
    if (monitor.isSlow(piece.byteLength, tookMs) && !held) onStall(TOO_SLOW);
  };

  async function* pump(): Bytes {
    try {
      for await (const chunk of await body.open()) {
        if (held) break;
        const length = sent + chunk.byteLength;
        if (length > body.length) checkLength(length, body.length);
        for (const piece of sizer.chunksOf(chunk)) {
          const from = offer(piece);
          yield piece;
          taken(piece, now() - from);
          if (held) break;
        }
        if (held) break;
      }
      if (!held) checkLength(sent, body.length);
    } catch (error) {
      failure = error;
      throw error;
    }
    // Ending now would truncate the request while the answer is still being read.
    if (held && !released.signal.aborted) await once(released.signal, 'abort');
    else if (!held) watch(extraMs());
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
      // An explicit reason avoids the stack trace of the default one.
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
