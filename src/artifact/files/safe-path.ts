import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** Names of devices on Windows, also with an extension: NUL.txt is the device. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/iu;

/** The longest name that common file systems take. */
const MAX_NAME_BYTES = 255;

/**
 * The parts of a name in an artifact, relative to the directory that it is written to. What one
 * system would write elsewhere is refused on every system.
 * @throws AppError PATH_UNSAFE
 */
export function safeParts(name: string): readonly string[] {
  if (name.startsWith('/')) throw unsafe(name, 'it is an absolute path');
  if (/\p{Cs}/u.test(name)) throw unsafe(name, 'it is not Unicode text');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) checkPart(part, name);
  return parts;
}

function checkPart(part: string, name: string): void {
  if (part === '..') throw unsafe(name, 'it leads out of the directory');
  if (/[\u0000-\u001f\u007f]/u.test(part)) throw unsafe(name, 'it has a control character');
  if (part.includes('\\')) throw unsafe(name, 'it has a backslash');
  if (part.includes(':')) throw unsafe(name, 'it has a colon');
  if (/[. ]$/u.test(part)) throw unsafe(name, 'a part of it ends with a dot or a space');
  if (DEVICE.test(part)) throw unsafe(name, 'it is the name of a device on Windows');
  if (Buffer.byteLength(part) > MAX_NAME_BYTES) {
    throw unsafe(name, `a part of it is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

/**
 * Checks the target of a symbolic link at `path`: relative, and within the first `root` parts of
 * the path. Only a start of `../` may lead upwards: a later one could follow another link.
 * @throws AppError PATH_UNSAFE
 */
export function checkLink(path: readonly string[], target: string, root: number): void {
  const name = path.join('/');
  const shown = `${name} -> ${target}`;
  if (target === '' || target.startsWith('/')) throw unsafe(shown, 'a link is not relative');
  const [, ups = '', rest = ''] = /^((?:\.\.(?:\/+|$)|\.\/+)*)(.*)$/su.exec(target) ?? [];
  const levels = ups.split('/').filter((part) => part === '..').length;
  if (levels > path.length - 1 - root) throw unsafe(shown, 'a link leads out of the directory');
  safeParts(rest);
}

export function unsafe(name: string, rule: string): AppError {
  return new AppError('PATH_UNSAFE', `cannot write "${sanitize(name.slice(0, 200))}": ${rule}`, {
    hint: 'Nothing was written. The blobs can be read without their names: regctl blob NAME@DIGEST',
  });
}
