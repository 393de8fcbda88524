import { sanitize } from '../../errors/sanitize.ts';

/** Prints a line of the wire trace, whose parts the callers have redacted. */
export type Trace = (text: string) => void;

/** Prefixes each line with the milliseconds since the start; `undefined` without `--debug`. */
export function createTrace(
  enabled: boolean,
  writeLine: (line: string) => void,
  now: () => Date,
): Trace | undefined {
  if (!enabled) return undefined;
  const start = now().getTime();
  return (text) => {
    const elapsed = String(now().getTime() - start).padStart(6);
    for (const line of text.split('\n')) writeLine(`debug ${elapsed} ms  ${sanitize(line)}`);
  };
}
