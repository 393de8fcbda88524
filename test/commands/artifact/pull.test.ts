import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { goHeader, padding } from '../../../src/artifact/files/tar-header.ts';
import { run } from '../../../src/commands/artifact/pull.ts';
import { run as push } from '../../../src/commands/artifact/push.ts';
import { EXIT_STATUS } from '../../../src/errors/codes.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { parseDigest } from '../../../src/oci/digest.ts';
import { describeManifest, parseManifest } from '../../../src/oci/manifest.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { sourceFromBytes, verified } from '../../../src/store/verify.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';
import { blob, image, store as put } from '../../helpers/graphs.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input, jsonOf, textOf } from '../fake-context.ts';

interface Hostile {
  readonly cases: readonly {
    readonly id: string;
    readonly manifest: string;
    readonly expected: { readonly outcome: string | null; readonly exit: number | null };
    readonly serves?: Readonly<Record<string, string>>;
  }[];
  readonly contents: Readonly<Record<string, string | { readonly base64: string }>>;
}

const HOSTILE = JSON.parse(
  readFileSync(new URL('../../vectors/artifacts/hostile.json', import.meta.url), 'utf8'),
) as Hostile;

function contentOf(digest: string): Uint8Array {
  const content = HOSTILE.contents[digest] ?? '';
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content.base64, 'base64');
}

/** A registry with one artifact; `serves` are lies about a digest. */
async function storeOf({ manifest, serves = {} }: Hostile['cases'][number]): Promise<ReadStore> {
  const memory = createMemoryStore('r.example/app');
  for (const digest of Object.keys(HOSTILE.contents)) {
    const data = contentOf(digest);
    const mediaType = 'application/octet-stream';
    const descriptor = { mediaType, digest: parseDigest(digest), size: data.byteLength };
    if (digest !== manifest) await memory.push(sourceFromBytes(descriptor, data));
  }
  const raw = contentOf(manifest);
  const descriptor = describeManifest(parseManifest(raw));
  await memory.push(sourceFromBytes(descriptor, raw), { tag: '1' });
  return {
    ...memory,
    fetch: async (one, options) => {
      const lie = serves[one.digest];
      return lie === undefined
        ? memory.fetch(one, options)
        : verified(bytesOf(Buffer.from(lie)), one, 'r.example/app');
    },
  };
}

async function outDir() {
  const dir = await tempDir();
  await mkdir(dir.join('a/out'), { recursive: true });
  const files = (): readonly string[] =>
    readdirSync(dir.path, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(dir.path.length + 1))
      .toSorted();
  const dispose = () => dir[Symbol.asyncDispose]();
  return { dir, out: dir.join('a/out'), files, [Symbol.asyncDispose]: dispose };
}

function contextOf(store: ReadStore, cwd: string) {
  return fakeContext({
    cwd,
    openRead: async () => store,
    temporaries: async () => plainTemporaries(),
  });
}

const pull = (store: ReadStore, cwd: string, options = {}) =>
  run(contextOf(store, cwd), input(['r.example/app:1'], options), {});

const layer = (title: string, text: string, annotations = {}) => {
  const { descriptor, data } = blob(text, 'text/plain');
  const named = { 'org.opencontainers.image.title': title, ...annotations };
  return { descriptor: { ...descriptor, annotations: named }, data };
};

async function artifact(...layers: readonly ReturnType<typeof layer>[]): Promise<ReadStore> {
  const memory = createMemoryStore('r.example/app');
  await put(memory, image({ layers, artifactType: 'application/x' }), '1');
  return memory;
}

type Member = Partial<Parameters<typeof goHeader>[0]> & { readonly text?: string };

/** A directory layer "t" with these members; hard links have the flag "1". */
function folder(...members: readonly (Member & { readonly name: string })[]) {
  const blocks = members.flatMap(({ text = '', ...member }) => {
    const data = Buffer.from(text);
    const base = { type: 'file' as const, mode: 0o644, mtime: 0, link: '', size: data.byteLength };
    return [goHeader({ ...base, ...member }), data, Buffer.alloc(padding(data.byteLength))];
  });
  const tar = Buffer.concat([...blocks, Buffer.alloc(1024)]);
  const { descriptor, data } = blob(gzipSync(tar));
  const annotations = {
    'org.opencontainers.image.title': 't',
    'io.deis.oras.content.unpack': 'true',
    'io.deis.oras.content.digest': `sha256:${createHash('sha256').update(tar).digest('hex')}`,
  };
  return { descriptor: { ...descriptor, annotations }, data };
}

describe('artifact pull', () => {
  it.each(HOSTILE.cases)('$id: $expected.outcome, exit $expected.exit', async (one) => {
    await using place = await outDir();
    const { out, files } = place;
    const failure = await pull(await storeOf(one), out).then(
      () => undefined,
      (error: unknown) => error,
    );
    const outside = files().filter((path) => !path.startsWith('a/out/'));
    expect(outside).toEqual([]);
    if (failure !== undefined) {
      expect(failure).toBeInstanceOf(AppError);
      expect(files()).toEqual([]);
    }
    const { outcome, exit } = one.expected;
    const code = failure instanceof AppError ? failure.code : undefined;
    if (exit !== null) expect(code === undefined ? 0 : EXIT_STATUS[code]).toBe(exit);
    if (outcome === 'written') expect(files()).not.toEqual([]);
    if (outcome === 'refused') expect(failure).toBeInstanceOf(AppError);
  });

  it('reads back what push wrote: files, modes, dates and links', async () => {
    await using place = await outDir();
    const { dir, out } = place;
    await mkdir(dir.join('tree/deep'), { recursive: true });
    await writeFile(dir.join('tree/run.sh'), '#!/bin/sh\n');
    await chmod(dir.join('tree/run.sh'), 0o755);
    await writeFile(dir.join('tree/deep/ü.txt'), 'u');
    await symlink('../run.sh', dir.join('tree/deep/link'));
    const memory = createMemoryStore('r.example/app');
    const context = fakeContext({
      cwd: dir.path,
      tempDir: dir.path,
      openWrite: async () => memory,
    });
    await push(context, input(['r.example/app:1', 'tree', 'tree/run.sh:text/plain']), {});
    const fromDirectory = await pull(memory, out).catch((error: unknown) => error);
    expect(fromDirectory).toMatchObject({ code: 'PATH_UNSAFE' });
    await push(context, input(['r.example/app:1', 'tree']), {});
    const result = await pull(memory, out);
    expect(jsonOf(result)).toMatchObject({
      Files: [{ Title: 'tree', Directory: true }],
      Written: ['tree/deep/link', 'tree/deep/ü.txt', 'tree/run.sh'],
    });
    const [was, is] = await Promise.all(
      [dir.join('tree/run.sh'), `${out}/tree/run.sh`].map((path) => stat(path)),
    );
    expect(is?.mode).toBe(was?.mode);
    expect(Math.abs((is?.mtimeMs ?? 0) - (was?.mtimeMs ?? 0))).toBeLessThan(1000);
    expect(await readlink(`${out}/tree/deep/link`)).toBe('../run.sh');
    expect(await readFile(`${out}/tree/deep/link`, 'utf8')).toBe('#!/bin/sh\n');
  });

  it('counts a file with the same content as done, without fetching it', async () => {
    await using place = await outDir();
    const { out } = place;
    await writeFile(`${out}/a.txt`, 'alpha');
    const store = await artifact(layer('a.txt', 'alpha'), layer('sub/b.txt', 'beta'));
    const fetched: string[] = [];
    const watched: ReadStore = {
      ...store,
      fetch(one, options) {
        fetched.push(one.annotations?.['org.opencontainers.image.title'] ?? '');
        return store.fetch(one, options);
      },
    };
    const result = await pull(watched, out);
    expect(fetched.filter((title) => title !== '')).toEqual(['sub/b.txt']);
    expect(jsonOf(result)).toMatchObject({ Written: ['sub/b.txt'] });
    expect(textOf(result).split('\n').slice(0, 2)).toEqual(['a.txt', 'sub/b.txt']);
    expect(jsonOf(await pull(store, out))).toMatchObject({ Written: [] });
  });

  it('counts a directory as done while it is as it was packed', async () => {
    await using place = await outDir();
    const { out } = place;
    const store = await artifact(
      folder(
        { name: 't', type: 'directory', mode: 0o755 },
        { name: 't/a', text: 'alpha' },
        { name: 't/l', type: 'symlink', link: 'a', mode: 0o777 },
      ),
    );
    let fetched = 0;
    const watched: ReadStore = {
      ...store,
      fetch(one, options) {
        fetched += one.annotations === undefined ? 0 : 1;
        return store.fetch(one, options);
      },
    };
    await pull(watched, out);
    expect(fetched).toBe(1);
    expect(jsonOf(await pull(watched, out))).toMatchObject({ Written: [] });
    expect(fetched).toBe(1);
    await rm(`${out}/t/a`);
    expect(jsonOf(await pull(watched, out))).toMatchObject({ Written: ['t/a'] });
    expect(fetched).toBe(2);
  });

  it('refuses to replace other content, before anything is written, unless told to', async () => {
    await using place = await outDir();
    const { out, files } = place;
    await writeFile(`${out}/b.txt`, 'mine');
    const store = await artifact(layer('a.txt', 'alpha'), layer('b.txt', 'beta'));
    await expect(pull(store, out)).rejects.toMatchObject({ code: 'PATH_EXISTS' });
    expect(files()).toEqual(['a/out/b.txt']);
    expect(await readFile(`${out}/b.txt`, 'utf8')).toBe('mine');
    await pull(store, out, { overwrite: true });
    expect(await readFile(`${out}/b.txt`, 'utf8')).toBe('beta');
  });

  it('treats files of a directory the same way', async () => {
    await using place = await outDir();
    const { out, files } = place;
    const store = await artifact(folder({ name: 't/a', text: 'a' }, { name: 't/b', text: 'b' }));
    await mkdir(`${out}/t`);
    await writeFile(`${out}/t/b`, 'mine');
    await expect(pull(store, out)).rejects.toMatchObject({ code: 'PATH_EXISTS' });
    expect(files()).toEqual(['a/out/t/b']);
    expect(jsonOf(await pull(store, out, { overwrite: true }))).toMatchObject({
      Written: ['t/a', 't/b'],
    });
    expect(jsonOf(await pull(store, out))).toMatchObject({ Written: [] });
  });

  it('replaces no directory by a file, and no file by a directory', async () => {
    await using place = await outDir();
    const { out } = place;
    await mkdir(`${out}/a`);
    const options = { overwrite: true };
    await expect(pull(await artifact(layer('a', '1')), out, options)).rejects.toMatchObject({
      code: 'PATH_EXISTS',
    });
    await writeFile(`${out}/t`, 'mine');
    const store = await artifact(folder({ name: 't/a', text: 'a' }));
    await expect(pull(store, out, options)).rejects.toMatchObject({ code: 'PATH_EXISTS' });
  });

  it('writes through no link that was there before', async () => {
    await using place = await outDir();
    const { dir, out, files } = place;
    await mkdir(dir.join('elsewhere'));
    await symlink(dir.join('elsewhere'), `${out}/sub`);
    await expect(pull(await artifact(layer('sub/a.txt', '1')), out)).rejects.toMatchObject({
      code: 'PATH_UNSAFE',
    });
    expect(files()).toEqual(['a/out/sub']);
    await symlink(dir.join('elsewhere/target'), `${out}/a.txt`);
    await pull(await artifact(layer('a.txt', '1')), out, { overwrite: true });
    expect((await lstat(`${out}/a.txt`)).isFile()).toBe(true);
    expect(readdirSync(dir.join('elsewhere'))).toEqual([]);
  });

  it.each([
    ['drops the set-id bits', [{ name: 't/s', text: 's', mode: 0o6755 }], undefined],
    [
      'makes a link that stays inside',
      [{ name: 't/d/l', type: 'symlink', link: '../x' }],
      undefined,
    ],
    [
      'refuses a link above the directory',
      [{ name: 't/l', type: 'symlink', link: '../x' }],
      'PATH_UNSAFE',
    ],
    [
      'refuses a link that goes up after another link',
      [
        { name: 't/a/l', type: 'symlink', link: '..' },
        { name: 't/m', type: 'symlink', link: 'a/l/../..' },
      ],
      'PATH_UNSAFE',
    ],
    [
      'refuses an absolute link',
      [{ name: 't/l', type: 'symlink', link: '/etc/passwd' }],
      'PATH_UNSAFE',
    ],
    [
      'refuses to write through a link of the artifact',
      [
        { name: 't/l', type: 'symlink', link: 'd' },
        { name: 't/l/x', text: 'x' },
      ],
      'PATH_UNSAFE',
    ],
    ['refuses a name outside of the directory', [{ name: 'u/x', text: 'x' }], 'PATH_UNSAFE'],
    ['refuses a device name inside', [{ name: 't/NUL.txt', text: 'x' }], 'PATH_UNSAFE'],
    [
      'refuses names that differ only in case',
      [
        { name: 't/A', text: 'x' },
        { name: 't/a', text: 'y' },
      ],
      'PATH_UNSAFE',
    ],
    ['takes an empty file', [{ name: 't/e' }], undefined],
  ] as const)('%s', async (_what, members, code) => {
    await using place = await outDir();
    const { dir, out, files } = place;
    const pulled = pull(await artifact(folder(...members)), out);
    if (code !== undefined) {
      await expect(pulled).rejects.toMatchObject({ code });
      expect(files()).toEqual([]);
      return;
    }
    await pulled;
    const [name = ''] = files();
    expect((await lstat(dir.join(name))).mode & 0o7000).toBe(0);
  });

  it('is an error for a layer that is no tar, and leaves nothing', async () => {
    await using place = await outDir();
    const { out, files } = place;
    const broken = layer('t', 'not a tar', { 'io.deis.oras.content.unpack': 'true' });
    await expect(pull(await artifact(broken), out)).rejects.toMatchObject({
      code: 'CORRUPT_LAYER',
    });
    expect(files()).toEqual([]);
    expect(readdirSync(out)).toEqual([]);
  });

  it('leaves out layers without a name, and says so', async () => {
    await using place = await outDir();
    const { out } = place;
    const memory = createMemoryStore('r.example/app');
    await put(memory, image({ layers: [blob('plain')] }), '1');
    const context = contextOf(memory, out);
    await run(context, input(['r.example/app:1']), {});
    expect(context.notes).toEqual([expect.stringMatching(/^1 without a name/u)]);
    expect(readdirSync(out)).toEqual([]);
  });

  it('makes the output directory', async () => {
    await using place = await outDir();
    const { out } = place;
    await pull(await artifact(layer('a.txt', 'alpha')), out, { outputDir: 'x/y' });
    expect(await readFile(`${out}/x/y/a.txt`, 'utf8')).toBe('alpha');
  });
});
