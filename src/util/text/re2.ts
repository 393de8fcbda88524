/** A pattern in Go's syntax, which never takes more than linear time. */
export interface Re2 {
  /** Anywhere in the text. */
  find(text: string): boolean;
  /** The whole text. */
  matches(text: string): boolean;
}

/** @throws Error with Go's own message when the pattern is not one */
export async function compileRe2(source: string): Promise<Re2> {
  const { RE2JS } = await import('re2js');
  const pattern = RE2JS.compile(source);
  return {
    find: (text) => pattern.matcher(text).find(),
    matches: (text) => pattern.matches(text),
  };
}
