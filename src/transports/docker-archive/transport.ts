import { AppError } from '../../errors/app-error.ts';
import type { Location, Transport } from '../types.ts';
import { parseDockerArchiveName } from './name.ts';

/** What `docker save` writes and `docker load` reads (skopeo's `docker-archive:`). */
export const dockerArchiveTransport: Transport = {
  scheme: 'docker-archive',
  help: 'docker-archive:FILE[:NAME:TAG|:@INDEX]: images as "docker save" writes them, "-" for stdin or stdout',
  parse: parseDockerArchiveName,
  openRead: async ({ place }, context, options) =>
    (await import('./open.ts')).openDockerArchiveForRead(place, context, options),
  openWrite: async (location, context, options) => {
    mustBeName(location);
    return (await import('./write-store.ts')).openDockerArchiveForWrite(location, context, options);
  },
};

function mustBeName({ ref, text, place }: Location): void {
  if (ref?.startsWith('@') !== true) return;
  throw new AppError(
    'INVALID_REFERENCE',
    `"${text}": an index names an image to read, not to write`,
    {
      hint: `Write docker-archive:${place}:NAME:TAG.`,
    },
  );
}
