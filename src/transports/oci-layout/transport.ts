import type { Transport } from '../types.ts';
import { parseLayoutName, requireWritableName } from './name.ts';
import { openLayoutForRead, openLayoutForWrite } from './store.ts';

/** Image layout directories (image-spec v1.1.1 image-layout.md). */
export const ociLayoutTransport: Transport = {
  scheme: 'oci',
  help: 'oci:DIR[:NAME|:@N|@DIGEST]: an OCI image layout in a directory',
  parse: (rest) => parseLayoutName(rest),
  openRead: (location, { sharedBlobs }) => openLayoutForRead(location.name, { sharedBlobs }),
  openWrite: async (location, { temporaries, sharedBlobs }) => {
    requireWritableName(location);
    return openLayoutForWrite(location.name, { temporaries, sharedBlobs });
  },
};
