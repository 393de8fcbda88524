import type { Style } from '../../commands/result.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { OutputStream } from '../io.ts';

/** Messages on stderr in addition to progress; sanitizes every line. */
export interface Messages {
  /** Prints one line without a prefix. */
  readonly line: (text: string) => void;
  /** Prints `warning: …`, each text once. */
  readonly warn: (text: string) => void;
  /** Stops printing warnings. The returned function returns those since its last call. */
  readonly captureWarnings: () => () => readonly string[];
  /** Silenced by `--quiet`. */
  readonly note: (text: string) => void;
  /**
   * Prints an optional remark, each text once, only on a terminal or with `--debug`: a script may
   * merge standard error with the JSON that it parses.
   */
  readonly remark: (text: string) => void;
}

export function createMessages(
  stderr: OutputStream,
  options: { readonly quiet: boolean; readonly debug: boolean; readonly style: Style },
): Messages {
  const remarked = new Set<string>();
  const warned = new Set<string>();
  let held: string[] | undefined;
  const write = (text: string): void => void stderr.write(`${text}\n`);
  const note = (text: string): void => {
    if (!options.quiet) write(text.split('\n').map(sanitize).join('\n'));
  };
  return {
    line: (text) => write(sanitize(text)),
    warn(text) {
      if (warned.has(text)) return;
      warned.add(text);
      if (held === undefined) write(`${options.style.yellow('warning:')} ${sanitize(text)}`);
      else held.push(text);
    },
    captureWarnings() {
      const list = (held ??= []);
      return () => list.splice(0);
    },
    note,
    remark(text) {
      if ((stderr.isTTY !== true && !options.debug) || remarked.has(text)) return;
      remarked.add(text);
      note(text);
    },
  };
}
