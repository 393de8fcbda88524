import { AppError } from '../../errors/app-error.ts';
import type { Location, Transport } from '../types.ts';
import { parseDockerArchiveName } from './name.ts';

/** What `docker save` writes and `docker load` reads (skopeo's `docker-archive:`). */
export const dockerArchiveTransport: Transport = {
  scheme: 'docker-archive',
  help: 'docker-archive:FILE[:NAME:TAG|:@INDEX]: images as "docker save" writes them, "-" for stdin or stdout',
  parse: parseDockerArchiveName,
  openRead: async ({ name }, context, options) =>
    (await import('./open.ts')).openDockerArchiveForRead(name, context, options),
  openWrite: async (location, context, options) => {
    requireName(location);
    return (await import('./write-store.ts')).openDockerArchiveForWrite(location, context, options);
  },
};

function requireName({ ref, text, name }: Location): void {
  if (ref?.startsWith('@') !== true) return;
  throw new AppError(
    'INVALID_REFERENCE',
    `"${text}" has an index, which names an image to read, not to write`,
    {
      hint: `Write docker-archive:${name}:NAME:TAG.`,
    },
  );
}
