import type { Transport } from '../types.ts';
import { parseLayoutName } from './name.ts';
import { openLayoutForRead, openLayoutForWrite } from './store.ts';

/** Image layout folders (image-spec v1.1.1 image-layout.md). */
export const ociLayoutTransport: Transport = {
  scheme: 'oci',
  help: 'oci:DIR[:TAG] or oci:DIR@DIGEST: an OCI image layout in a folder',
  parse: (rest) => parseLayoutName(rest),
  openRead: (location) => openLayoutForRead(location.name),
  openWrite: (location, { temporaries }) => openLayoutForWrite(location.name, { temporaries }),
};
