import type { BeginWait } from '../../util/abort.ts';

/** What a command waits for: told to a person once it lasts, and named when time is up. */
export interface Waits {
  readonly begin: BeginWait;
  /** Why the last try of something failed. */
  failed(reason: string): void;
  /** From now on, where waits are told. */
  tellTo(note: (text: string) => void): void;
  /** Facts for the error of a command that took too long. */
  facts(): readonly string[];
}

/** Runs `act` later, unless what it returns is called before. */
export type Schedule = (ms: number, act: () => void) => () => void;

/** Most waits are over before a person would wonder. */
const PATIENCE_MS = 1000;

export function createWaits(schedule: Schedule = onTimer): Waits {
  /** In the order in which they began; the same may be waited for several times. */
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
