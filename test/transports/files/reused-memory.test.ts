import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import { openDirForWrite } from '../../../src/transports/dir/store.ts';
import { BlobWriter } from '../../../src/transports/docker-archive/blob-writer.ts';
import { openDockerArchiveForWrite } from '../../../src/transports/docker-archive/write-store.ts';
import { openOciArchiveForWrite } from '../../../src/transports/oci-archive/store.ts';
import { openLayoutForWrite } from '../../../src/transports/oci-layout/store.ts';
import { TarWriter } from '../../../src/transports/tar/writer.ts';
import { collect } from '../../../src/util/bytes.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { reusing } from '../../helpers/reused-memory.ts';
import { tempDir } from '../../helpers/temp.ts';

const SIZES = [3, 100, 40_000, 300_000];
const plain = randomBytes(1_500_000);

const blobOf = (data: Uint8Array): { descriptor: Descriptor; data: Uint8Array } => ({
  descriptor: { mediaType: MEDIA_TYPE.ociLayer, digest: digestOf(data), size: data.length },
  data,
});

it.each<[string, (folder: string) => Promise<WriteStore>]>([
  ['oci:', (folder) => openLayoutForWrite(folder)],
  ['dir:', (folder) => openDirForWrite(folder)],
  [
    'oci-archive:',
    (folder) => openOciArchiveForWrite({ name: `${folder}.tar`, ref: 'v1' }, placesIn(folder)),
  ],
  [
    'docker-archive:',
    (folder) => openDockerArchiveForWrite({ name: `${folder}.tar`, ref: 'x' }, placesIn(folder)),
  ],
])('%s takes content whose source uses its memory again', async (_scheme, open) => {
  await using dir = await tempDir();
  await using place = await open(dir.join('place'));
  const layer = blobOf(plain);
  await place.push(reusing(layer, SIZES));
  expect(Buffer.from(await fetchAll(place, layer.descriptor)).equals(plain)).toBe(true);
});

it('so does a docker-archive that unpacks a zstd layer', async () => {
  await using dir = await tempDir();
  await using tar = new TarWriter(dir.join('a.tar'), placesIn(dir.path));
  const blobs = new BlobWriter(tar, dir.path);
  const layer = blobOf(zstdCompressSync(plain));
  await blobs.add(layer.descriptor, await reusing(layer, SIZES).open({ reuseChunks: true }));
  const stored = await collect(
    tar.read(blobs.nameOf(layer.descriptor.digest)),
    plain.length,
    () => new Error('too long'),
  );
  expect(blobs.isUnpacked(layer.descriptor.digest)).toBe(true);
  expect(Buffer.from(stored).equals(plain)).toBe(true);
});
