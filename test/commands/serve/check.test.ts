import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/serve/run.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { diskPaths } from '../../../src/server/storage/disk-paths.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input, textOf } from '../fake-context.ts';

describe('serve check', () => {
  it('ends with 5 and names what is damaged', async () => {
    await using dir = await tempDir();
    const name = 'team/app' as RepositoryName;
    const data = Buffer.from('some layer');
    const digest = digestOf(data);
    const { uploads } = createDiskStorage(dir.join('registry'));
    const id = await uploads.create(name);
    await uploads.append(name, id, bytesOf(data));
    await uploads.finish(name, id, digest);
    const check = () =>
      run(fakeContext({ cwd: dir.path }), input(['check'], { dir: 'registry' }), {});

    const good = await check();
    expect(good.exit ?? 0).toBe(0);
    expect(textOf(good)).toBe('0 manifests, 1 blob, 1 repository: no problems\n');

    await writeFile(diskPaths(dir.join('registry')).blob(digest), 'SOME LAYER');
    const bad = await check();
    expect(bad.exit).toBe(5);
    expect(textOf(bad)).toBe(
      `damaged blob: team/app@${digest}\n0 manifests, 1 blob, 1 repository: 1 problem\n`,
    );
    expect(bad).toMatchObject({
      json: { Problems: [{ Kind: 'damaged blob', Repository: name, Digest: digest }] },
    });
  });

  it('needs a directory that is there', async () => {
    await using dir = await tempDir();
    const context = fakeContext({ cwd: dir.path });
    await expect(run(context, input(['check'], {}), {})).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run(context, input(['check'], { dir: 'none' }), {})).rejects.toThrow(
      'no such file or directory',
    );
    await expect(run(context, input(['chekc'], {}), {})).rejects.toMatchObject({ code: 'USAGE' });
  });
});
