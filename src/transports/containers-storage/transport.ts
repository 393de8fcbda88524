import type { Transport } from '../types.ts';
import { parseStorageLocation } from './name.ts';

/** Images of podman, Buildah and CRI-O, accessed through podman or Buildah. */
export const containersStorageTransport: Transport = {
  scheme: 'containers-storage',
  help: 'containers-storage:NAME[:TAG]: an image of podman and Buildah',
  parse: parseStorageLocation,
  openRead: async (location, context, options) =>
    (await import('./read-store.ts')).openStorageForRead(location, context, options),
  openWrite: async (location, context, options) =>
    (await import('./write-store.ts')).openStorageForWrite(location, context, options),
};
