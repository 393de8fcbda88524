/**
 * Index of the "@" that ends `user:password@` in a text, or -1: what follows it must look like a
 * host or a path, which no digest does, or the text must be a URL.
 */
export function endOfUserInfo(text: string): number {
  const at = text.lastIndexOf('@');
  const rest = text.slice(at + 1);
  if (at < 0 || /^sha(?:256|512):/.test(rest)) return -1;
  return /^(?:localhost|\[)|[/.]/.test(rest) || text.includes('://') ? at : -1;
}
