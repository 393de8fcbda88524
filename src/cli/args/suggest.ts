/** The farthest that a suggestion may be, in letters that differ: short words all look alike. */
function limitFor({ length }: string): number {
  if (length < 3) return 0;
  if (length < 5) return 1;
  return length < 8 ? 2 : 3;
}

/** Finds the word that was probably meant; undefined if none or several are equally near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearestTo(word, candidates);
  return found.length === 1 ? found[0] : undefined;
}

/** The words that differ least, in their order; none if all are too far. */
export function nearestTo(word: string, candidates: Iterable<string>): readonly string[] {
  const limit = limitFor(word.replace(/^-+/u, ''));
  let nearest = limit + 1;
  let found: readonly string[] = [];
  for (const candidate of new Set(candidates)) {
    const distance = lettersBetween(word.toLowerCase(), candidate, limit);
    if (distance > nearest) continue;
    found = distance < nearest ? [candidate] : [...found, candidate];
    nearest = distance;
  }
  return nearest <= limit ? found : [];
}

/** Letters to add, remove, replace or swap with the next (optimal string alignment). */
function lettersBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(...steps, isSwap ? at(i - 2, j - 2) + 1 : Infinity);
    }
  }
  return at(a.length, b.length);
}
