import type { Transport } from '../types.ts';
import { parseLayoutName, requireWritableName } from '../oci-layout/name.ts';

/** Image layouts in a tar file (image-spec v1.1.1 image-layout.md; skopeo's `oci-archive:`). */
export const ociArchiveTransport: Transport = {
  scheme: 'oci-archive',
  help: 'oci-archive:FILE[:NAME|:@N|@DIGEST]: an OCI image layout in a tar file, "-" for stdin or stdout',
  parse: (rest) => parseLayoutName(rest, { scheme: 'oci-archive', what: 'file' }),
  openRead: async (location, context, options) =>
    options?.anyArchive === true
      ? (await import('./any-archive.ts')).openAnyArchive(location.name, context, options)
      : (await import('./store.ts')).openOciArchiveForRead(location.name, context, options),
  openWrite: async (location, context, options) => {
    requireWritableName(location);
    return (await import('./store.ts')).openOciArchiveForWrite(location, context, options);
  },
};
