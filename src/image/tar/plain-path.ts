import { displayed, type ByteText } from './byte-text.ts';
import { AboveRootError, HeaderError } from './header.ts';

/** Linux's PATH_MAX; also bounds the depth of the tree. */
const MAX_PATH_BYTES = 4096;

/**
 * The path of a tar entry, relative to the root: "/a//./b/../c/" is "a/c". Empty for the root.
 * @throws HeaderError if it leads above the root, is too long, or has a NUL
 */
export function plainPath(name: ByteText): ByteText {
  if (name.length > MAX_PATH_BYTES)
    throw new HeaderError(`an entry has a name of ${name.length} bytes`);
  if (name.includes('\0')) throw new HeaderError('an entry has a name with a NUL');
  // Nearly all names are plain but for a slash at the end.
  if (!/(?:^|\/)(?:\.{0,2}\/|\.{1,2}$)/u.test(name))
    return name.endsWith('/') ? name.slice(0, -1) : name;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      throw new AboveRootError(`the entry "${displayed(name)}" lies above the root`);
  }
  return parts.join('/');
}
