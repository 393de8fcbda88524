import { setFlagsFromString } from 'node:v8';

/**
 * Collects garbage before the heap grows: 5,000 tags need 100 MB instead of 170 MB without more CPU
 * time. Optimizing undici's WebAssembly parser costs 90 ms and 35 MB, which never pays off
 * (docs/performance.md).
 */
const TUNED = ['--semi-space-growth-factor=1', '--heap-growing-percent=40', '--liftoff-only'];

/**
 * How often a function runs before it is optimized. The threads that do it keep 20 MB, which many
 * small requests never earn back; a transfer of large blobs does.
 */
const SELDOM = ['--invocation-count-for-maglev=60000', '--invocation-count-for-turbofan=2000000'];
const SOON = ['--invocation-count-for-maglev=400', '--invocation-count-for-turbofan=3000'];

function setFlags(flags: readonly string[]): void {
  flags.forEach((flag) => setFlagsFromString(flag));
}

/** V8's defaults, including the flags that `--liftoff-only` implies. */
const PLAIN = [
  '--semi-space-growth-factor=2',
  '--heap-growing-percent=0',
  '--no-liftoff-only',
  '--wasm-tier-up',
  '--wasm-dynamic-tiering',
  '--incremental-marking',
  ...SOON,
];

/** Later versions of V8 may print warnings about unknown flags. */
const LAST_KNOWN_NODE = 24;

export interface Tuning {
  /** Call after everything is loaded: a change of flags makes V8 recompile Node's modules. */
  tune(): void;
  /**
   * Turns incremental marking off while large blobs move: their buffers make V8 mark the small heap
   * repeatedly, which takes 10 to 20 % of a copy's CPU time incrementally, but a few milliseconds
   * otherwise. With many small objects, incremental marking needs less memory
   * (docs/performance.md).
   */
  readonly large: (moving: boolean) => void;
  /** Restores V8's defaults, as compiled code is valid only for the flags of its creation. */
  undo(): void;
}

export function createTuning(nodeVersion: string): Tuning {
  const known = Number.parseInt(nodeVersion, 10) <= LAST_KNOWN_NODE;
  let tuned = false;
  return {
    tune() {
      if (!known || tuned) return;
      setFlags([...TUNED, ...SELDOM]);
      tuned = true;
    },
    large(moving) {
      if (!tuned) return;
      setFlags(
        moving ? ['--no-incremental-marking', ...SOON] : ['--incremental-marking', ...SELDOM],
      );
    },
    undo() {
      if (tuned) setFlags(PLAIN);
      tuned = false;
    },
  };
}
