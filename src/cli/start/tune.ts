import { setFlagsFromString } from 'node:v8';

/**
 * Garbage is collected before the process grows: 5,000 tags then need 100 MB instead of 170, at no
 * more CPU. undici's parser is WebAssembly; to optimise it costs 90 ms and 35 MB, and no run earns
 * them back (docs/performance.md).
 */
const TUNED = ['--semi-space-growth-factor=1', '--heap-growing-percent=40', '--liftoff-only'];

/** V8's own values, those that `--liftoff-only` implies included. */
const PLAIN = [
  '--semi-space-growth-factor=2',
  '--heap-growing-percent=0',
  '--no-liftoff-only',
  '--wasm-tier-up',
  '--wasm-dynamic-tiering',
  '--incremental-marking',
];

/** A later V8 warns about a flag that it does not know. */
const LAST_KNOWN_NODE = 24;

export interface Tuning {
  /** Not before everything is loaded: a change of flags makes V8 compile Node's own modules again. */
  tune(): void;
  /**
   * Buffers of large contents make V8 mark its small heap again and again: a tenth to a fifth of a
   * copy's CPU in steps and in the background, a few milliseconds at once. With many small objects
   * steps need less memory (docs/performance.md).
   */
  readonly large: (moving: boolean) => void;
  /** Compiled code is only good for the flags that it was made under. */
  undo(): void;
}

export function createTuning(nodeVersion: string): Tuning {
  const known = Number.parseInt(nodeVersion, 10) <= LAST_KNOWN_NODE;
  let tuned = false;
  return {
    tune() {
      if (!known || tuned) return;
      TUNED.forEach((flag) => setFlagsFromString(flag));
      tuned = true;
    },
    large(moving) {
      if (tuned) setFlagsFromString(moving ? '--no-incremental-marking' : '--incremental-marking');
    },
    undo() {
      if (tuned) PLAIN.forEach((flag) => setFlagsFromString(flag));
      tuned = false;
    },
  };
}
