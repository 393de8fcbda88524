import { sanitize } from '../../errors/sanitize.ts';

/** Unchanged lines that are shown around a change. */
const CONTEXT = 2;
/** Longer documents are shown from their first to their last difference. */
const MAX_CELLS = 4_000_000;

/** Lines of `before` and `after` with "-", "+" or " " before them; far from a change, they are left out. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start])
    start += 1;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  const all = [
    ...before.slice(0, start).map(same),
    ...(a.length * b.length > MAX_CELLS ? [...a.map(gone), ...b.map(added)] : aligned(a, b)),
    ...before.slice(before.length - end).map(same),
  ];
  const near = all.map((_, at) =>
    all.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => !line.startsWith(' ')),
  );
  return all.filter((_, at) => near[at]);
}

const same = (line: string): string => ` ${sanitize(line)}`;
const gone = (line: string): string => `-${sanitize(line)}`;
const added = (line: string): string => `+${sanitize(line)}`;

/** Longest common subsequence. */
function aligned(a: readonly string[], b: readonly string[]): readonly string[] {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  const cell = (i: number, j: number): number => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] =
        a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const out: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(same(a[i] ?? ''));
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && cell(i + 1, j) >= cell(i, j + 1))) {
      out.push(gone(a[i] ?? ''));
      i += 1;
    } else {
      out.push(added(b[j] ?? ''));
      j += 1;
    }
  }
  return out;
}
