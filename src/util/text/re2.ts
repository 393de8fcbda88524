/** A pattern in Go's syntax, matched in linear time. */
export interface Re2 {
  /** Matches anywhere in the text. */
  find(text: string): boolean;
  /** Matches the whole text. */
  matches(text: string): boolean;
}

/** @throws Error with Go's own message for an invalid pattern */
export async function compileRe2(source: string): Promise<Re2> {
  const { RE2JS } = await import('re2js');
  const pattern = RE2JS.compile(source);
  return {
    find: (text) => pattern.matcher(text).find(),
    matches: (text) => pattern.matches(text),
  };
}
