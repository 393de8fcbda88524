import type { BeginWait } from '../../util/abort.ts';

/** Tracks what a command waits for: long waits are reported, and a timeout names the wait. */
export interface Waits {
  readonly begin: BeginWait;
  /** Records why the last try failed. */
  failed(reason: string): void;
  /** Sets the function that reports long waits. */
  tellTo(note: (text: string) => void): void;
  /** Facts for the error of a command that timed out. */
  facts(): readonly string[];
}

/** Runs `act` after `ms` milliseconds, unless the returned function is called first. */
export type Schedule = (ms: number, act: () => void) => () => void;

/** Reports only waits that are longer than this. */
const PATIENCE_MS = 1000;

export function createWaits(schedule: Schedule = onTimer): Waits {
  /** Current waits in the order of their start; several may be for the same thing. */
  const open = new Set<{ readonly what: string }>();
  const told = new Map<string, number>();
  let note: ((text: string) => void) | undefined;
  let last: string | undefined;
  let failure: string | undefined;

  const tell = (what: string): void => {
    const waiting = told.get(what) ?? 0;
    told.set(what, waiting + 1);
    if (waiting === 0) note?.(`waiting for ${what}`);
  };
  const untell = (what: string): void => {
    const waiting = told.get(what) ?? 0;
    if (waiting > 1) told.set(what, waiting - 1);
    else told.delete(what);
  };

  return {
    begin(what, { quiet = false } = {}) {
      const wait = { what };
      let isTold = false;
      open.add(wait);
      last = what;
      const cancel = quiet
        ? undefined
        : schedule(PATIENCE_MS, () => {
            isTold = true;
            tell(what);
          });
      return () => {
        if (!open.delete(wait)) return;
        cancel?.();
        if (isTold) untell(what);
      };
    },
    failed: (reason) => void (failure = reason),
    tellTo: (to) => void (note = to),
    facts() {
      const [longest] = open;
      const wait =
        longest === undefined
          ? last && `the last wait was for ${last}`
          : `it waited for ${longest.what}`;
      const retry = failure && `the last try failed: ${failure}`;
      return [retry, wait].filter((one) => one !== undefined);
    },
  };
}

function onTimer(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
