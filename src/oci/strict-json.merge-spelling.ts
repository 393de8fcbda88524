import { sanitize } from '../errors/sanitize.ts';

/**
 * The rule that a key breaks when it is one of `known` but for its case. Readers in Go take such a
 * key for the known one, and other readers do not: the same bytes would be two documents
 * (CVE-2021-41190). `undefined` when there is no such key.
 */
export function keyDifferingInCase(object: object, known: ReadonlySet<string>): string | undefined {
  const key = Object.keys(object).find((one) => !known.has(one) && known.has(exact(one, known)));
  return key === undefined
    ? undefined
    : `the key "${sanitize(key.slice(0, 80))}" differs from "${exact(key, known)}" in case alone`;
}

function exact(key: string, known: ReadonlySet<string>): string {
  const wanted = foldCase(key);
  return [...known].find((one) => foldCase(one) === wanted) ?? '';
}

/** As Go folds (encoding/json, "foldName"): also the long s and the Kelvin sign. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
