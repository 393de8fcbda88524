/**
 * Matches names that contain the text, in any case; with `*`, the whole name must match, and each
 * `*` stands for any characters.
 */
export function nameMatcher(text: string): (name: string) => boolean {
  const [first = '', ...rest] = text.trim().toLowerCase().split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name.toLowerCase().includes(first);
  return (name) => {
    const given = name.toLowerCase();
    let at = first.length;
    for (const part of rest) {
      const found = given.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return given.startsWith(first) && given.length - last.length >= at && given.endsWith(last);
  };
}
