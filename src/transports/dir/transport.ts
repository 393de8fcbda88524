import { AppError } from '../../errors/app-error.ts';
import type { Location, Transport } from '../types.ts';

/** skopeo's flat directory: one image, its manifest and blobs as files next to each other. */
export const dirTransport: Transport = {
  scheme: 'dir',
  help: 'dir:DIR: one image as files in a flat directory, as in skopeo',
  parse: parseDirName,
  openRead: async ({ name }) => (await import('./store.ts')).openDirForRead(name),
  openWrite: async ({ name }, { temporaries }) =>
    (await import('./store.ts')).openDirForWrite(name, { temporaries }),
};

/** The whole text is the path: the directory holds one image, which has no name. */
function parseDirName(rest: string): Location {
  const rule =
    rest === ''
      ? 'the directory is missing'
      : /[\u0000-\u001f]/.test(rest)
        ? 'a directory has no control characters'
        : rest.startsWith('//')
          ? '"dir:" takes a directory, not an address'
          : undefined;
  if (rule === undefined)
    return { scheme: 'dir', name: rest, ref: undefined, tag: undefined, text: `dir:${rest}` };
  throw new AppError('INVALID_REFERENCE', `invalid image name "dir:${rest}": ${rule}`, {
    hint: 'Write dir:DIR.',
  });
}
