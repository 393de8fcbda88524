import { win32, posix } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** FILE[:TYPE] as a user writes it. */
export interface FileReference {
  /** The path as written: the key of its annotations. */
  readonly path: string;
  readonly mediaType: string | undefined;
}

/**
 * Splits FILE[:TYPE] at the last colon, so that FILE may contain others: `a:b:` is the file `a:b`.
 * On Windows the colon after a drive letter belongs to the path.
 * @throws AppError USAGE for an empty path
 */
export function parseFileReference(written: string, system: string): FileReference {
  const at = written.lastIndexOf(':');
  const isDrive = system === 'win32' && at === 1 && /^[a-z]:(?:[\\/]|$)/iu.test(written);
  const path = at < 0 || isDrive ? written : written.slice(0, at);
  const type = at < 0 || isDrive ? '' : written.slice(at + 1);
  if (path === '') {
    throw new AppError('USAGE', `"${sanitize(written)}" names no file`, {
      hint: 'Write it as FILE or FILE:TYPE.',
    });
  }
  return { path, mediaType: type === '' ? undefined : type };
}

/** The shortest form of a path with slashes, as ORAS names a file in an artifact. */
export function titleOfPath(path: string, system: string): string {
  const native = system === 'win32' ? win32 : posix;
  const clean = native.normalize(path);
  const short =
    clean.length > 1 ? clean.replace(system === 'win32' ? /[\\/]+$/u : /\/+$/u, '') : clean;
  return native.isAbsolute(short) ? short : short.replaceAll(native.sep, '/');
}
