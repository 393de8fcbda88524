import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { chooseUntagged } from '../../../src/commands/serve/gc/untagged.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { collectGarbage } from '../../../src/server/gc/collect.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { diskPaths } from '../../../src/server/storage/disk-paths.ts';
import type { Storage } from '../../../src/server/storage/types.ts';
import { tempDir } from '../../helpers/temp.ts';
import { imageManifest, pushBlob, putManifest, startServer } from '../client.ts';
import { image } from './model.ts';

const A = 'team/a' as RepositoryName;
const B = 'team/b' as RepositoryName;

/** A time that is after all that was written before the call, and before all that is after it. */
async function mark(): Promise<Date> {
  // File systems stamp files with a clock of up to 10 ms.
  await delay(15);
  const now = new Date();
  await delay(15);
  return now;
}

async function opened(dir: { join(...parts: string[]): string }) {
  const root = dir.join('registry');
  const storage = createDiskStorage(root);
  const { server, send } = await startServer({ storage });
  const paths = diskPaths(root);
  return { storage, paths, send, [Symbol.asyncDispose]: () => server.close() };
}

const blobsOf = (storage: Storage, name: RepositoryName): Promise<readonly string[]> =>
  storage.blobs.list(name);

describe('gc of a directory', () => {
  it('keeps what manifests need and what a push was told within the grace time', async () => {
    await using dir = await tempDir();
    await using registry = await opened(dir);
    const { send, storage, paths } = registry;
    const [config, unused, asked, mounted, pushed, shared] = [0, 1, 2, 3, 4, 5].map((i) =>
      Buffer.from(`content ${i}`),
    ) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    for (const data of [config, unused, asked, mounted, pushed, shared]) {
      await pushBlob(send, A, data);
    }
    await pushBlob(send, B, shared);
    await putManifest(send, A, 'v1', imageManifest(config));
    await putManifest(send, B, 'v1', imageManifest(shared));
    const before = await mark();
    expect((await send('HEAD', `/v2/${A}/blobs/${digestOf(asked)}`)).status).toBe(200);
    await send('POST', `/v2/${B}/blobs/uploads/?mount=${digestOf(mounted)}&from=${A}`);
    await pushBlob(send, A, pushed);
    expect((await send('GET', `/v2/${A}/blobs/${digestOf(unused)}`)).status).toBe(200);

    const planned = await collectGarbage(storage, { before, dryRun: true });
    const report = await collectGarbage(storage, { before });
    expect(report).toEqual(planned);
    expect(report).toMatchObject({
      manifests: { kept: 2, removed: 0 },
      blobs: { kept: 5, removed: 1, bytes: unused.byteLength },
      unreadable: [],
    });
    expect(await blobsOf(storage, A)).toEqual(
      [config, asked, pushed].map((one) => digestOf(one)).toSorted(),
    );
    expect(await blobsOf(storage, B)).toEqual(
      [mounted, shared].map((one) => digestOf(one)).toSorted(),
    );
    expect(await readdir(dirname(paths.blob(digestOf(config))))).toHaveLength(5);
  });

  it('never refuses a manifest after a HEAD that found its blobs, while it runs', async () => {
    await using dir = await tempDir();
    await using registry = await opened(dir);
    const { send, storage } = registry;
    const all = Array.from({ length: 40 }, (_, i) => Buffer.from(`layer ${i}`));
    await Promise.all(all.map((data) => pushBlob(send, A, data)));
    const before = await mark();
    const collecting = collectGarbage(storage, { before });
    const answers = await Promise.all(
      all.map(async (data) => {
        const { status } = await send('HEAD', `/v2/${A}/blobs/${digestOf(data)}`);
        if (status === 404) return 'gone';
        return (await putManifest(send, A, `of-${data.toString().slice(6)}`, imageManifest(data)))
          .status;
      }),
    );
    const { blobs } = await collecting;
    const kept = answers.filter((one) => one === 201).length;
    const gone = answers.filter((one) => one === 'gone').length;
    expect(kept + gone).toBe(all.length);
    expect(blobs.removed).toBe(gone);
    expect(await blobsOf(storage, A)).toHaveLength(kept);
  });

  it('removes what a killed server left, and nothing from a repository that it cannot read', async () => {
    await using dir = await tempDir();
    await using registry = await opened(dir);
    const { send, storage, paths } = registry;
    const [left, unused] = [Buffer.from('left'), Buffer.from('unused')];
    await mkdir(dirname(paths.blob(digestOf(left))), { recursive: true });
    await writeFile(paths.blob(digestOf(left)), left);
    for (const name of [A, B]) await pushBlob(send, name, unused);
    await putManifest(send, A, 'v1', imageManifest(unused));
    const odd = digestOf(Buffer.from('odd'));
    const path = paths.content(B, '_manifests', odd);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{"mediaType":"x"}\nnot what it was');
    const report = await collectGarbage(storage, { before: await mark() });
    expect(report.blobs).toEqual({ kept: 1, removed: 1, bytes: left.byteLength });
    expect(report.unreadable).toEqual([{ repository: B, digest: odd }]);
    expect(await blobsOf(storage, B)).toEqual([digestOf(unused)]);
  });

  it('removes untagged images with their blobs, and spares one that was asked about', async () => {
    await using dir = await tempDir();
    await using registry = await opened(dir);
    const { send, storage } = registry;
    const shapes = [1, 2, 3].map((i) => image([Buffer.from(`config ${i}`)], undefined));
    for (const [i, { artifact }] of shapes.entries()) {
      await pushBlob(send, A, Buffer.from(`config ${i + 1}`));
      await putManifest(send, A, i === 0 ? 'v1' : artifact.digest, artifact);
    }
    const before = await mark();
    await send('HEAD', `/v2/${A}/manifests/${shapes[2]?.artifact.digest}`);
    const choose = chooseUntagged({ untagged: true, orphans: false });
    const report = await collectGarbage(storage, { before, choose });
    expect(report.manifests).toEqual({ kept: 2, removed: 1 });
    expect(await blobsOf(storage, A)).toHaveLength(2);
    const listed = await storage.manifests.list(A);
    expect(listed.map(({ digest }) => digest)).not.toContain(shapes[1]?.artifact.digest);
  });
});
