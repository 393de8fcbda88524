import { expect, it } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/digest.ts';
import { checkStorage } from '../../../src/server/check.ts';
import { collectGarbage } from '../../../src/server/gc/collect.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { missingDisk, smallDisk } from '../../helpers/small-disk.ts';
import { describeUnless } from '../../helpers/when.ts';
import {
  imageManifest,
  pushBlob,
  putManifest,
  startServer,
  type Send,
} from '../../server/client.ts';

async function pushed(send: Send, number: number): Promise<Digest> {
  const data = Buffer.alloc(300_000, `${number} `);
  await pushBlob(send, 'app', data);
  const answer = await putManifest(send, 'app', `v${number}`, imageManifest(data));
  expect(answer.status).toBe(201);
  return digestOf(data);
}

describeUnless(await missingDisk(), 'a disk', () => {
  it('that is full answers 507, keeps what it has, and takes pushes again after gc', async () => {
    await using disk = (await smallDisk(4 * 1024 * 1024))!;
    const storage = createDiskStorage(`${disk.path}/registry`);
    const { server, send } = await startServer({ storage });
    const kept = [await pushed(send, 1), await pushed(send, 2)];
    const large = Buffer.alloc(6_000_000, 1);
    const url = `/v2/app/blobs/uploads/?digest=${digestOf(large)}`;
    const refused = await send('POST', url, { body: large });
    expect(refused.status).toBe(507);
    expect(refused.body.toString()).toContain('no space is left');
    const location = (await send('POST', '/v2/app/blobs/uploads/')).headers.location ?? '';
    expect((await send('PATCH', location, { body: large })).status).toBe(507);
    for (const digest of kept) {
      expect((await send('GET', `/v2/app/blobs/${digest}`)).body.byteLength).toBe(300_000);
    }
    const full = await putManifest(send, 'app', 'v9', imageManifest(Buffer.alloc(300_000, '1 ')));
    expect([201, 507]).toContain(full.status);
    expect((await send('DELETE', location)).status).toBe(204);
    await send('DELETE', `/v2/app/manifests/${imageManifest(Buffer.alloc(300_000, '2 ')).digest}`);
    const { blobs } = await collectGarbage(storage, { before: new Date(Date.now() + 60_000) });
    expect(blobs.removed).toBe(1);
    await pushed(send, 3);
    expect((await checkStorage(storage)).problems).toEqual([]);
    await server.close();
  });

  it('that became read-only serves what it has, and refuses the rest without a loss', async () => {
    await using disk = (await smallDisk(4 * 1024 * 1024))!;
    const storage = createDiskStorage(`${disk.path}/registry`);
    const { server, send } = await startServer({ storage });
    const digest = await pushed(send, 1);
    disk.remount('ro');
    expect((await send('HEAD', `/v2/app/blobs/${digest}`)).status).toBe(200);
    expect((await send('GET', `/v2/app/blobs/${digest}`)).body.byteLength).toBe(300_000);
    expect((await send('HEAD', '/v2/app/manifests/v1')).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/v2/app/blobs/uploads/'],
      ['DELETE', '/v2/app/manifests/v1'],
    ] as const) {
      const answer = await send(method, path);
      expect([answer.status, answer.body.toString().includes(disk.path)]).toEqual([500, false]);
    }
    disk.remount('rw');
    await pushed(send, 2);
    expect((await checkStorage(storage)).problems).toEqual([]);
    await server.close();
  });
});
