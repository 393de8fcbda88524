import type { Transport } from '../types.ts';
import { parseDockerDaemonName } from './name.ts';

/** Images of a container engine with Docker's API: dockerd or podman's service. */
export const dockerDaemonTransport: Transport = {
  scheme: 'docker-daemon',
  help: 'docker-daemon:NAME[:TAG] or docker-daemon:sha256:ID: an image of the Docker daemon',
  parse: parseDockerDaemonName,
  openRead: async (location, context) =>
    (await import('./read-store.ts')).openDaemonForRead(location, context),
  openWrite: async (location, context) =>
    (await import('./write-store.ts')).openDaemonForWrite(location, context),
};
