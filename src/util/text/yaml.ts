/**
 * YAML, or JSON, with every scalar as the text that was written: a tag 3.10 stays "3.10". A key that
 * stands twice keeps its last value. @throws Error that names line and column
 */
export async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { schema: 'failsafe', merge: true, uniqueKeys: false }) as unknown;
}
