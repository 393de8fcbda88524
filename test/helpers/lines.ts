import { readFileSync } from 'node:fs';
import { runInProcess } from '../e2e/in-process.ts';
import { runLine, type Called, type CallOptions, type Line } from '../vectors/lines/run-line.mjs';
import { tempDir } from './temp.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/lines/${name}`, import.meta.url), 'utf8'));

/** Lines of regclient, crane, skopeo, oras and podman. */
export const { lines: LINES } = read('lines.json') as { readonly lines: readonly Line[] };

/** Lines that do not hold, by the reason; `as ID`: under the tool's own name. */
const NOT_HELD = read('not-held.json') as Readonly<Record<string, readonly string[]>>;

const notHeld = new Set(Object.values(NOT_HELD).flat());

/** Whether a line is known not to hold. */
export function isNotHeld({ id }: Pick<Line, 'id'>, original: boolean): boolean {
  return notHeld.has(original ? `as ${id}` : id);
}

/** Names in the list that are no lines. */
export function strayNames(): readonly string[] {
  const ids = new Set(LINES.flatMap(({ id }) => [id, `as ${id}`]));
  return [...notHeld].filter((id) => !ids.has(id));
}

async function call(words: readonly string[], options: CallOptions): Promise<Called> {
  const { program, cwd, env, stdin: input } = options;
  const done = await runInProcess(words, {
    cwd,
    env,
    ...(input === undefined ? {} : { input }),
    ...(program === 'regctl' ? {} : { program: `/usr/bin/${program}` }),
  });
  return { exit: done.code, out: done.bytes, err: done.stderr };
}

/** Those of the lines that do not hold, and why; `original`: the tool's words, under its name. */
export async function failingLines(
  lines: readonly Line[],
  original: boolean,
): Promise<Readonly<Record<string, string>>> {
  await using dir = await tempDir();
  const found: Record<string, string> = {};
  for (const line of lines) {
    const faults = await runLine(line, { base: dir.path, call, original });
    if (faults.length > 0) found[line.id] = faults.join('; ');
  }
  return found;
}
