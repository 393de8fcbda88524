import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { AppError } from '../../../src/errors/app-error.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import { openDirForWrite } from '../../../src/transports/dir/store.ts';
import { openLayoutForWrite } from '../../../src/transports/oci-layout/store.ts';
import { openTar } from '../../../src/transports/tar/open.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { closedBy } from '../../../src/util/bytes.ts';
import { blob, image, store } from '../../helpers/graphs.ts';
import { openFilesIn } from '../../helpers/open-files.ts';
import { noPipes } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { tarOf } from '../tar/archives.ts';

const layer = blob('some layer');

it.each([
  ['oci:', openLayoutForWrite],
  ['dir:', openDirForWrite],
] as const)(
  '%s: content that was asked for and is not read opens no file',
  async (_scheme, open) => {
    await using dir = await tempDir();
    await using place: WriteStore = await open(dir.join('place'));
    await store(place, image({ layers: [layer] }));
    await place.commit();
    const unread = await place.fetch(layer.descriptor);
    expect(await openFilesIn(dir.path)).toEqual([]);
    for await (const chunk of unread) {
      expect(Buffer.from(chunk)).toEqual(Buffer.from(layer.data));
      break;
    }
    expect(await openFilesIn(dir.path)).toEqual([]);
    // What is not there fails before it is read.
    const absent = blob('absent').descriptor;
    expect(await place.fetch(absent).catch((error: unknown) => (error as AppError).code)).toBe(
      'BLOB_UNKNOWN',
    );
    expect(Buffer.from(await fetchAll(place, layer.descriptor))).toEqual(Buffer.from(layer.data));
  },
);

it('a compressed archive of which nothing is read is closed', async () => {
  await using dir = await tempDir();
  const file = dir.join('a.tar.gz');
  await writeFile(file, gzipSync(await tarOf([{ name: 'a.json', data: '{}' }])));
  const opened = await openTar(file, noPipes);
  expect(await openFilesIn(dir.path)).toHaveLength(1);
  await opened[Symbol.asyncDispose]();
  expect(await openFilesIn(dir.path)).toEqual([]);
});

it('bytes that are left before their first chunk call close', async () => {
  let closed = 0;
  const bytes = closedBy(
    (async function* () {
      yield new Uint8Array(1);
    })(),
    () => void (closed += 1),
  );
  await bytes[Symbol.asyncIterator]().return?.();
  expect(closed).toBe(1);
});
