import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Location, Transport } from '../types.ts';
import { parseDockerDaemonName } from './name.ts';

/** Images of a container engine that has Docker's API: dockerd, or podman's service. */
export const dockerDaemonTransport: Transport = {
  scheme: 'docker-daemon',
  help: 'docker-daemon:NAME[:TAG] or docker-daemon:sha256:ID: an image of the Docker daemon',
  parse: parseDockerDaemonName,
  openRead: async (location, context) =>
    (await import('./read-store.ts')).openDaemonForRead(location, context),
  openWrite: async (location, context) => {
    requireName(location);
    return (await import('./write-store.ts')).openDaemonForWrite(location, context);
  },
};

function requireName({ ref, text, name }: Location): void {
  if (ref === undefined || !isDigest(ref) || ref === name) return;
  throw new AppError(
    'INVALID_REFERENCE',
    `cannot write to ${text}: a daemon has no digests by name`,
    {
      hint: `Write docker-daemon:${name}:TAG.`,
    },
  );
}
