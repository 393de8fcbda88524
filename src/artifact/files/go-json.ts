/**
 * JSON as Go's encoding/json writes it, so that a manifest has the digest that ORAS gives it: `<`,
 * `>`, `&` and the two line separators are escaped, and members that are `undefined` left out.
 */
export function goJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(text);
}

/** Sorted by the bytes of the keys, as Go writes a map; `undefined` for an empty one. */
export function goMap(
  record: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(record ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareBytes(a, b)));
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
