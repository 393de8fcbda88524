import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { makeImage, pushImage, type TestImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

interface Pruned {
  readonly Repository: string;
  readonly Keep: readonly { readonly Tag: string; readonly Because: string }[];
  readonly Delete: readonly { readonly Tag: string }[];
}

describe('prune of several repositories', () => {
  const NAMES = ['team/a', 'team/b', 'team/c', 'team/d', 'team/e'];
  let server: RegistryServer;
  let machine: Machine;
  let image: TestImage;
  beforeAll(async () => {
    machine = await newMachine();
    image = await makeImage();
  });
  afterAll(() => machine[Symbol.asyncDispose]());
  beforeEach(async () => {
    server = await startRegistryServer({ storage: createMemoryStorage() });
    for (const name of NAMES)
      await pushImage(
        server.url.origin,
        name,
        ['v1', 'old'],
        name === 'team/c' ? image : await makeImage(),
      );
    return () => server.close();
  });

  const all = (): string => `${server.host}/team/**`;
  const repositories = (done: readonly Pruned[]): string[] =>
    done.map(({ Repository }) => Repository.slice(Repository.indexOf('/') + 1));

  it('--jobs does the same as one at a time, in the same order', async () => {
    const one = await machine.json(['prune', all(), '--tag', 'old']);
    const many = (await machine.json(['prune', all(), '--tag', 'old', '--jobs', '4'])) as Pruned[];
    expect(many).toEqual(one);
    expect(repositories(many)).toEqual(NAMES);
  });

  it('--shard I/N: the parts are together the whole, and nothing is in two', async () => {
    const parts: string[] = [];
    for (const part of [1, 2, 3]) {
      const args = ['prune', all(), '--tag', 'old', '--shard', `${part}/3`];
      parts.push(...repositories((await machine.json(args)) as Pruned[]));
    }
    expect(parts.toSorted()).toEqual(NAMES);
    await machine.expect(64, ['prune', all(), '--tag', 'old', '--shard', '4/3']);
  });

  it('--protect-file keeps digests and names that it lists', async () => {
    const file = machine.dir.join('protected.txt');
    await writeFile(file, `# by hand\n${image.root.digest}\n${server.host}/team/d:old\n`);
    const done = (await machine.json([
      'prune',
      all(),
      '--older-than',
      '1d',
      '--assume-created',
      '--allow-empty',
      '--protect-file',
      file,
    ])) as Pruned[];
    const kept = done.filter(({ Keep }) => Keep.some((one) => one.Because === '--protect-file'));
    expect(repositories(kept)).toEqual(['team/c', 'team/d']);
  });

  it('--abort-on-error stops at the first that fails, and without it the others are done', async () => {
    const absent = `${server.host}/team/absent`;
    const args = [absent, `${server.host}/team/a`, '--tag', 'old', '--untag-only', '--yes'];
    await machine.expect(1, ['prune', ...args, '--abort-on-error']);
    expect((await machine.expect(0, ['tags', `${server.host}/team/a`])).stdout).toBe('old\nv1\n');
    await machine.expect(1, ['prune', ...args]);
    expect((await machine.expect(0, ['tags', `${server.host}/team/a`])).stdout).toBe('v1\n');
  });
});
