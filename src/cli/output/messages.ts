import type { Style } from '../../commands/result.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { OutputStream } from '../io.ts';

/** What goes to stderr besides progress; every line is sanitized here. */
export interface Messages {
  /** One line as it is. */
  readonly line: (text: string) => void;
  /** `warning: …`, each text once. */
  readonly warn: (text: string) => void;
  /** From now on warnings are not written; the function takes those that came since it last did. */
  readonly captureWarnings: () => () => readonly string[];
  /** Silenced by `--quiet`. */
  readonly note: (text: string) => void;
  /**
   * What is good to know and changes nothing: for a person at a terminal or with `--debug`, each text
   * once. A script may join standard error to the JSON that it reads.
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
