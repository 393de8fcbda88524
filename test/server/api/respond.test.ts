import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { respond } from '../../../src/server/api/respond.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { openFilesIn } from '../../helpers/open-files.ts';
import { tempDir } from '../../helpers/temp.ts';

const name = 'a' as RepositoryName;

it.each([
  ['small', 10, undefined],
  ['large, which is checked while it is sent', 20_000_000, undefined],
  ['a part of one', 10, { first: 0, last: 3 }],
])('of a client that left, the blob is closed: %s', async (_size, bytes, range) => {
  await using dir = await tempDir();
  const content = Buffer.alloc(bytes, 'content');
  const digest = digestOf(content);
  const { blobs, uploads } = createDiskStorage(dir.path);
  const id = await uploads.create(name);
  await uploads.append(name, id, bytesOf(content));
  await uploads.finish(name, id, digest);
  // Another run, which has not read the blob.
  const later = createDiskStorage(dir.path).blobs;
  const server = createServer();
  const outcome = once(server, 'request').then(async (event: unknown[]) => {
    const response = event[1] as ServerResponse;
    const body = await later.read(name, digest, range);
    if (body === undefined) throw new Error('no blob');
    response.destroy();
    return respond(response, 'GET', { status: 200, body });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  get({ port: (server.address() as AddressInfo).port }).on('error', () => undefined);
  expect(await outcome).toMatchObject({ kind: 'left', bytes: 0 });
  server.close();
  expect(await openFilesIn(dir.path)).toEqual([]);
  expect(await blobs.size(name, digest)).toBe(bytes);
});
