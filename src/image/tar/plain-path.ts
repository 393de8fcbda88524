import { displayed, type ByteText } from './byte-text.ts';
import { AboveRootError, HeaderError } from './header.ts';

/** Linux's PATH_MAX; also bounds the depth of the tree. */
const MAX_PATH_BYTES = 4096;

/** Linux's NAME_MAX: no container engine can unpack a longer part of a path. */
const MAX_NAME_BYTES = 255;

/**
 * The path of a tar entry, relative to the root: "/a//./b/../c/" is "a/c". Empty for the root.
 * @throws HeaderError if it leads above the root, it or a part of it is too long, or it has a NUL
 */
export function plainPath(name: ByteText): ByteText {
  if (name.length > MAX_PATH_BYTES)
    throw new HeaderError(`an entry has a name of ${name.length} bytes`);
  if (name.length > MAX_NAME_BYTES) {
    const longest = Math.max(...name.split('/').map((part) => part.length));
    if (longest > MAX_NAME_BYTES)
      throw new HeaderError(`an entry has a part of its name of ${longest} bytes`);
  }
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
