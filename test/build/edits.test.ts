import { readFileSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { impliedDirectory, type Inode } from '../../src/image/tar/entry.ts';
import { encodeEntry, END_BYTES } from '../../src/image/tar/writer.ts';
import type { RegistryServer } from '../../src/server/server.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { readImages, startVectorRegistry, VECTORS, type Images } from './edit-vectors.ts';

const BAD = JSON.parse(readFileSync(join(VECTORS, 'bad/layers.json'), 'utf8')) as Readonly<
  Record<string, { readonly append: 0 | 'not 0' | 'either'; readonly why: string }>
>;
const REFERENCE = 'vnd.docker.reference.digest';

interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

describe('index and mutate', () => {
  let images: Images;
  let server: RegistryServer;
  let machine: Machine;
  /** Requests of the latest run: "PUT /v2/…". */
  const lines: string[] = [];
  beforeAll(async () => {
    images = await readImages();
    [server, machine] = await Promise.all([
      startVectorRegistry(images, {
        names: ['plain', 'multi', 'docker29', 'links', 'signed'],
        onRequest: ({ method, url }) => lines.push(`${method} ${url}`),
      }),
      newMachine(),
    ]);
  });
  beforeEach(() => void lines.splice(0));
  afterAll(async () => {
    await Promise.all([server[Symbol.asyncDispose](), machine[Symbol.asyncDispose]()]);
  });

  const name = (image: string): string => `${server.host}/${image}`;
  const digestOf = async (image: string): Promise<string> =>
    (await machine.expect(0, ['digest', name(image)])).stdout.trim();
  const indexOf = async (image: string): Promise<Index> =>
    JSON.parse((await machine.expect(0, ['manifest', name(image)])).stdout) as Index;
  const writes = (): readonly string[] =>
    lines.filter((line) => /^(?:PUT|POST|PATCH) /u.test(line));

  it.each(Object.entries(BAD))('a layer from outside: %s', async (file, { append }) => {
    const layer = join(VECTORS, `bad/${file}.layer`);
    const args = ['mutate', name('plain'), '--append', layer, '--tag', `bad-${file}`];
    const { code, stderr } = await machine.regctl(args);
    const statuses = { 0: [0], 'not 0': [5], either: [0, 5] }[append];
    expect(statuses, stderr).toContain(code);
    expect(code === 0 ? [] : writes()).toEqual([]);
  });

  const tar = readFileSync(join(VECTORS, 'layers/one.tar'));
  const [half, rest] = [tar.subarray(0, 700), tar.subarray(700)];
  const member = (path: string, more: Partial<Inode> = {}): Uint8Array =>
    encodeEntry(path, { ...impliedDirectory(0), mode: 0o644, size: 0, type: 'file', ...more });
  const link = (path: string, target: string): Uint8Array =>
    member(path, { type: 'symlink', link: target });
  const skippable = Buffer.from('502a4d1802000000ffff', 'hex');
  it.each<readonly [name: string, code: number, parts: readonly Uint8Array[]]>([
    ['zstd of two frames', 0, [zstdCompressSync(half), zstdCompressSync(rest)]],
    ['zstd with frames to skip', 0, [skippable, zstdCompressSync(tar), skippable]],
    ['zstd with more after its end', 5, [zstdCompressSync(tar), Buffer.from('more')]],
    ['zstd that is cut short', 5, [zstdCompressSync(tar).subarray(0, -9)]],
    ['gzip whose second member is cut short', 5, [gzipSync(half), gzipSync(rest).subarray(0, -9)]],
    ['a tar of no files', 0, [Buffer.alloc(1024)]],
    ['nothing', 5, []],
    ['nothing, with gzip', 5, [gzipSync('')]],
    ['more after the end of the tar', 0, [tar, Buffer.from('more')]],
    ['a name of 255 bytes', 0, [member('x'.repeat(255)), END_BYTES]],
    ['a name of 256 bytes', 5, [member('x'.repeat(256)), END_BYTES]],
    ['a file below a link', 0, [link('a', 'b'), member('a/x'), END_BYTES]],
    ['a file below a circle', 5, [link('a', 'b'), link('b', 'a'), member('a/x'), END_BYTES]],
  ])('a layer of %s', async (layer, code, parts) => {
    const file = machine.dir.join(`${layer.replaceAll(/\W/gu, '-')}.layer`);
    await writeFile(file, Buffer.concat(parts));
    await machine.expect(code, ['mutate', name('plain'), '--append', file, '--tag', 'parts']);
    if (code !== 0) return expect(writes()).toEqual([]);
    await machine.expect(0, ['validate', name('plain:parts')]);
  });

  it('the base annotation of an image names no files of this machine, and gets no secret', async () => {
    await machine.expect(0, ['copy', name('plain'), `oci:base:v1`]);
    const digest = await digestOf('plain');
    const based = async (base: string): Promise<void> => {
      const key = 'org.opencontainers.image.base';
      const set = [`${key}.name=${base}`, `${key}.digest=${digest}`];
      const args = set.flatMap((one) => ['--annotation', one]);
      await machine.expect(0, ['mutate', name('plain'), ...args, '--tag', 'based']);
    };
    const rebase = ['mutate', name('plain:based'), '--rebase', '--tag', 'moved'];
    await based(`oci:${machine.dir.join('base')}:v1`);
    const { stderr } = await machine.expect(64, rebase);
    expect(stderr).toContain('it is in no registry');
    const other = `localhost:${server.url.port}`;
    await based(`${other}/plain:latest`);
    const refused = await machine.expect(64, [...rebase, '--creds', 'ann:secret']);
    expect(refused.stderr).toContain(`--creds would go to ${server.host} and to ${other}`);
    await machine.expect(0, rebase);
  });

  it('a layer that lies about its diff ID is neither squashed nor stripped', async () => {
    const lie = `oci:${join(VECTORS, 'bad/wrong-diff-id')}`;
    for (const change of [['--squash'], ['--strip-file', 'etc']]) {
      await machine.expect(5, ['mutate', lie, ...change, '--tag', name('lie:1')]);
    }
    expect(writes()).toEqual([]);
  });

  it('in place: the old digest and the line that undoes it', async () => {
    await machine.expect(0, ['copy', name('plain'), name('place:1')]);
    const before = await digestOf('place:1');
    const args = ['mutate', name('place:1'), '--in-place', '--label', 'a=1'];
    const { stdout, stderr } = await machine.expect(0, args);
    expect(stdout).toBe(`${name('place:1')}@${await digestOf('place:1')}\n`);
    const undo = /was (\S+); undo: regctl (tag \S+ \S+)/u.exec(stderr);
    expect(undo?.[1]).toBe(before);
    await machine.expect(0, (undo?.[2] ?? '').split(' '));
    expect(await digestOf('place:1')).toBe(before);
  });

  it('without a tag: by digest, the tag stays', async () => {
    const before = await digestOf('plain:bare');
    const { stdout } = await machine.expect(0, ['mutate', name('plain:bare'), '--user', '7']);
    expect(stdout).toMatch(new RegExp(`^${name('plain')}@sha256:[0-9a-f]{64}\n$`, 'u'));
    expect(await digestOf('plain:bare')).toBe(before);
  });

  it('a tag that exists is kept by --no-clobber, and nothing is written by --dry-run', async () => {
    const args = ['mutate', name('plain'), '--user', '8', '--tag', 'base-1'];
    await machine.expect(3, [...args, '--no-clobber']);
    const { stdout } = await machine.expect(0, [...args, '--dry-run']);
    expect(stdout).toContain('-    "User": "1000:1000"');
    expect(stdout).toContain('+    "User": "8"');
    expect(lines.filter((line) => line.startsWith('PUT '))).toEqual([]);
  });

  it('a change without effect keeps the digest', async () => {
    const args = ['mutate', name('multi'), '--unset-label', 'no-such', '--tag', 'same'];
    await machine.expect(0, args);
    expect(await digestOf('multi:same')).toBe(await digestOf('multi'));
  });

  it('attestations of a changed image are left out and named', async () => {
    const args = [
      'mutate',
      name('multi'),
      '--platform',
      'linux/arm64',
      '--user',
      '1',
      '--tag',
      'u',
    ];
    const { stderr } = await machine.expect(0, args);
    expect(stderr).toContain(
      '1 attestation of linux/arm64/v8 describes the image before this change: left out',
    );
    expect(stderr).toContain('signatures and referrers of ');
    const [before, after] = [await indexOf('multi'), await indexOf('multi:u')];
    expect(after.manifests).toHaveLength(before.manifests.length - 1);
    const digests = new Set(after.manifests.map(({ digest }) => digest));
    for (const { annotations } of after.manifests) {
      const about = annotations?.[REFERENCE];
      if (about !== undefined) expect(digests.has(about)).toBe(true);
    }
  });

  it.each(['amd64', 'amd64-artifact'])('--keep-attestations keeps provenance: %s', async (tag) => {
    const source = `docker29:${tag}`;
    const change = ['--user', '1', '--keep-attestations', '--tag', `kept-${tag}`];
    await machine.expect(0, ['mutate', name(source), ...change]);
    const [image, proof] = (await indexOf(`docker29:kept-${tag}`)).manifests;
    expect(proof?.annotations?.[REFERENCE]).toBe(image?.digest);
    const [, before] = (await indexOf(source)).manifests;
    const layersOf = async (digest = ''): Promise<unknown> => {
      const { stdout } = await machine.expect(0, ['manifest', `${name('docker29')}@${digest}`]);
      const { layers, subject } = JSON.parse(stdout) as {
        layers: { digest: string; annotations: Record<string, string> }[];
        subject?: { digest: string };
      };
      if (subject !== undefined && digest === proof?.digest)
        expect(subject.digest).toBe(image?.digest);
      return layers
        .filter(({ annotations }) => annotations['in-toto.io/predicate-type']?.includes('slsa'))
        .map((layer) => layer.digest);
    };
    expect(await layersOf(proof?.digest)).toEqual(await layersOf(before?.digest));
  });

  it('layers that stay are mounted in another repository, and not read', async () => {
    await machine.expect(0, ['mutate', name('plain'), '--user', '5', '--tag', name('other:1')]);
    const config = lines.filter((line) => /GET .*\/blobs\//u.test(line));
    expect(config).toHaveLength(1);
    expect(lines.filter((line) => line.includes('mount=')).length).toBeGreaterThanOrEqual(4);
    // One blob is sent: the configuration.
    expect(lines.filter((line) => /PUT .*\/blobs\//u.test(line))).toHaveLength(1);
  });

  it('an index of several places goes to several repositories, with one digest', async () => {
    const layout = `oci:${join(VECTORS, 'images/multi')}:arm64`;
    const args = ['index', 'create', '--tag', 'b', '--tag', name('second/repo:c'), name('idx:a')];
    const { stdout } = await machine.expect(0, [...args, name('plain'), layout]);
    const printed = stdout.trim().split('\n');
    expect(printed).toHaveLength(3);
    expect(new Set(printed.map((line) => line.split('@')[1])).size).toBe(1);
    for (const image of ['idx:a', 'idx:b', 'second/repo:c']) {
      expect(await digestOf(image)).toBe(printed[0]?.split('@')[1]);
      await machine.expect(0, [
        'copy',
        '--recheck',
        name(image),
        `oci:${image.replace(/\W/gu, '-')}`,
      ]);
    }
    lines.splice(0);
    await machine.expect(0, [...args, name('plain'), layout]);
    expect(lines.filter((line) => /PUT .*\/blobs\//u.test(line))).toEqual([]);
  });

  it('referrers of the images come along to another repository', async () => {
    await machine.expect(0, [
      'index',
      'create',
      name('proven:1'),
      name('signed'),
      name('multi:arm'),
    ]);
    const { manifests } = await indexOf('signed');
    const referrers = async (repo: string, digest: string): Promise<number> => {
      const answer = await fetch(new URL(`/v2/${repo}/referrers/${digest}`, server.url));
      return ((await answer.json()) as { manifests: unknown[] }).manifests.length;
    };
    const counts = await Promise.all(
      manifests.map(async ({ digest }) => [
        await referrers('proven', digest),
        await referrers('signed', digest),
      ]),
    );
    expect(counts.some(([, there = 0]) => there > 0)).toBe(true);
    for (const [here, there] of counts) expect(here).toBe(there);
  });

  it('two images of one platform: both sources are named', async () => {
    const args = ['index', 'create', name('twice:1'), name('multi:amd64'), name('plain')];
    const { stderr } = await machine.expect(1, args);
    expect(stderr).toContain('cannot list linux/amd64 twice in one index');
    expect(stderr).toContain(`${name('multi:amd64')} has sha256:`);
    expect(stderr).toContain(`${name('plain:latest')} has sha256:`);
    expect(writes()).toEqual([]);
  });

  it('the same directory gives the same layer with SOURCE_DATE_EPOCH', async () => {
    const digests: string[] = [];
    for (const folder of ['one', 'two']) {
      await mkdir(machine.dir.join(folder, 'sub'), { recursive: true });
      for (const file of ['b', 'a', 'sub/c']) {
        await writeFile(machine.dir.join(folder, file), file);
        await utimes(machine.dir.join(folder, file), digests.length + 1, digests.length + 1);
      }
      const args = [
        'mutate',
        '--base',
        'scratch',
        '--append',
        folder,
        '--tag',
        name(`d/${folder}:1`),
      ];
      await machine.expect(0, args, { env: { SOURCE_DATE_EPOCH: '1000000000' } });
      const { layers } = JSON.parse(
        (await machine.expect(0, ['manifest', name(`d/${folder}:1`)])).stdout,
      ) as { layers: { digest: string }[] };
      digests.push(layers[0]?.digest ?? '');
    }
    expect(digests[0]).toBe(digests[1]);
    const { Files } = (await machine.json(['files', '--long', name('d/one:1')])) as {
      Files: Record<string, unknown>[];
    };
    expect(Files).toContainEqual(expect.objectContaining({ Path: '/sub/c', Uid: 0, Gid: 0 }));
  });

  it('a file with a hard link that stays is not stripped', async () => {
    const strip = (...paths: readonly string[]): readonly string[] => [
      'mutate',
      name('links:one'),
      '--tag=stripped',
      ...paths.flatMap((path) => ['--strip-file', path]),
    ];
    const { stderr } = await machine.expect(1, strip('dies'));
    expect(stderr).toContain('cannot strip dies: lives is a hard link to it');
    expect(writes()).toEqual([]);
    await machine.expect(0, strip('dies', 'lives'));
    const { stdout } = await machine.expect(0, ['files', name('links:stripped')]);
    expect(stdout.split('\n')).toContain('/low');
    expect(stdout).not.toMatch(/^\/(?:dies|lives)$/mu);
  });

  it('--strip-history leaves layers and settings, also with other changes', async () => {
    const configOf = async (image: string): Promise<Record<string, unknown>> =>
      JSON.parse((await machine.expect(0, ['config', name(image)])).stdout) as Record<
        string,
        unknown
      >;
    const layersOf = async (image: string): Promise<unknown> =>
      (
        JSON.parse((await machine.expect(0, ['manifest', name(image)])).stdout) as {
          layers: unknown;
        }
      ).layers;
    await machine.expect(0, ['mutate', name('plain'), '--strip-history', '--tag', 'bald']);
    const { history, ...before } = await configOf('plain');
    expect(history).toBeDefined();
    expect(await configOf('plain:bald')).toEqual(before);
    expect(await layersOf('plain:bald')).toEqual(await layersOf('plain'));
    const layer = join(VECTORS, 'layers/one.tar');
    const more = ['--strip-history', '--append', layer, '--layer-rm', '0', '--tag', 'bald-more'];
    await machine.expect(0, ['mutate', name('plain'), ...more]);
    expect(await configOf('plain:bald-more')).not.toHaveProperty('history');
    // Readers match history and layers by their number, so every layer has an entry.
    await machine.expect(0, ['mutate', name('plain:bald'), '--append', layer, '--tag', 'bald-new']);
    const { history: entries = [], rootfs } = (await configOf('plain:bald-new')) as {
      history?: readonly unknown[];
      rootfs: { diff_ids: readonly unknown[] };
    };
    expect(entries).toHaveLength(rootfs.diff_ids.length);
    for (const tag of ['bald', 'bald-more', 'bald-new'])
      await machine.expect(0, ['validate', name(`plain:${tag}`)]);
    const multi = ['mutate', name('multi'), '--strip-history', '--tag', 'bald'];
    await machine.expect(0, multi);
    for (const platform of ['linux/amd64', 'linux/arm64', 'linux/arm/v7']) {
      const { stdout } = await machine.expect(0, [
        'config',
        '--platform',
        platform,
        name('multi:bald'),
      ]);
      expect(JSON.parse(stdout)).not.toHaveProperty('history');
    }
  });

  it('an index is changed in place, with the line that undoes each change', async () => {
    const make = ['index', 'create', name('changed:1'), name('multi:amd64'), name('multi:arm64')];
    await machine.expect(0, make);
    const first = await digestOf('changed:1');
    const undoOf = ({ stderr }: { readonly stderr: string }): string[] =>
      (/undo: regctl (tag \S+ \S+)/u.exec(stderr)?.[1] ?? '').split(' ');
    const added = await machine.expect(0, ['index', 'add', name('changed:1'), name('multi:arm')]);
    expect((await indexOf('changed:1')).manifests).toHaveLength(3);
    const removed = ['index', 'remove', name('changed:1'), 'linux/arm/v7'];
    await machine.expect(0, removed);
    expect(await digestOf('changed:1')).toBe(first);
    const annotate = ['index', 'annotate', name('changed:1')];
    const set = await machine.expect(0, [...annotate, '--annotation', 'a=1']);
    expect((await indexOf('changed:1')).annotations).toEqual({ a: '1' });
    await machine.expect(0, undoOf(set));
    expect(await digestOf('changed:1')).toBe(first);
    await machine.expect(0, undoOf(added));
    expect(await digestOf('changed:1')).toBe(first);
    await machine.expect(2, removed);
    await machine.expect(64, ['index', 'remove', name('changed:1'), 'linux/amd64', 'linux/arm64']);
  });

  it('the last annotation that goes leaves no member', async () => {
    await machine.expect(0, ['copy', name('multi'), name('bare:1')]);
    const args = ['index', 'annotate', name('bare:1'), '--unset-annotation', 'keep'];
    await machine.expect(0, args);
    expect((await indexOf('bare:1')).annotations).toBeUndefined();
    expect((await indexOf('bare:1')).manifests).toEqual((await indexOf('multi')).manifests);
  });

  it('descriptors of a file are listed, and the digest goes to a file', async () => {
    const file = join(VECTORS, 'layers/descriptor.json');
    const args = ['index', 'create', '--from-file', file, '--digestfile', 'digest.txt'];
    await machine.expect(0, [...args, name('filed:1'), name('multi:arm64')]);
    const { manifests } = await indexOf('filed:1');
    const listed = JSON.parse(readFileSync(file, 'utf8')) as { digest: string };
    expect(manifests.map(({ digest }) => digest)).toContain(listed.digest);
    expect(readFileSync(machine.dir.join('digest.txt'), 'utf8')).toBe(await digestOf('filed:1'));
    await writeFile(
      machine.dir.join('none.json'),
      JSON.stringify({ ...listed, digest: `sha256:${'0'.repeat(64)}` }),
    );
    const unknown = ['index', 'create', '--from-file', 'none.json', name('filed:2'), name('plain')];
    await machine.expect(2, unknown);
  });

  it('a platform that is not there is not replaced by a similar one', async () => {
    const args = ['mutate', name('multi'), '--platform', 'linux/arm/v6', '--user', '1'];
    await machine.expect(2, args);
    await machine.expect(2, [
      'index',
      'create',
      '--platform',
      'linux/arm/v8',
      name('no:1'),
      name('multi'),
    ]);
  });

  it('an annotation needs no configuration, and an artifact may have one', async () => {
    await writeFile(machine.dir.join('note.txt'), 'note');
    const push = ['artifact', 'push', '--artifact-type', 'application/x.note'];
    await machine.expect(0, [...push, name('note:1'), 'note.txt:text/plain']);
    lines.splice(0);
    const args = ['mutate', name('note:1'), '--annotation', 'a=1', '--tag', '2'];
    await machine.expect(0, args);
    expect(lines.filter((line) => line.includes('/blobs/'))).toEqual([]);
    await machine.expect(1, ['mutate', name('note:1'), '--label', 'a=1', '--tag', '3']);
  });
});
