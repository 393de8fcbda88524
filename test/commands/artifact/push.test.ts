import { chmod, lutimes, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as attach } from '../../../src/commands/artifact/attach.ts';
import { run } from '../../../src/commands/artifact/push.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { fetchManifest } from '../../../src/store/manifests.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { blob, image, store as put } from '../../helpers/graphs.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { fakeContext, input, jsonOf, textOf } from '../fake-context.ts';

interface Pushes {
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
  readonly annotationFile: unknown;
  readonly cases: readonly {
    readonly id: string;
    readonly args: readonly string[];
    readonly created?: string;
    readonly exit: number;
    readonly manifest?: string;
    readonly tar?: string;
  }[];
}

const PUSHES = JSON.parse(
  readFileSync(new URL('../../vectors/artifacts/pushes.json', import.meta.url), 'utf8'),
) as Pushes;
const WHEN = new Date('2026-01-02T03:04:05Z');
const NAME = 'r.example/app:1';

/** ORAS' words for options that have another form here. */
const OPTIONS: Readonly<Record<string, string>> = {
  '--artifact-type': 'artifactType',
  '--annotation': 'annotation',
  '--annotation-file': 'annotationFile',
  '--config': 'config',
  '--image-spec': 'imageSpec',
  '--artifact-platform': 'artifactPlatform',
};

function inputOf(args: readonly string[]) {
  const options: Record<string, string | readonly string[]> = {};
  const annotations: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const name = OPTIONS[args[i] ?? ''];
    if (name === undefined) files.push(args[i] ?? '');
    else {
      i += 1;
      const value = args[i] ?? '';
      if (name === 'annotation') annotations.push(value);
      else options[name] = value;
    }
  }
  if (annotations.length > 0) options['annotation'] = annotations;
  return { files, options };
}

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
  for (const [name, data] of Object.entries(PUSHES.files)) {
    await mkdir(dirname(dir.join(name)), { recursive: true });
    await writeFile(dir.join(name), Buffer.from(data, 'base64'));
  }
  for (const [name, target] of Object.entries(PUSHES.links)) await symlink(target, dir.join(name));
  await writeFile(dir.join('ann.json'), JSON.stringify(PUSHES.annotationFile));
  await touch(dir.path);
});
afterAll(() => dir[Symbol.asyncDispose]());

async function touch(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await touch(path);
    if (entry.isSymbolicLink()) await lutimes(path, WHEN, WHEN);
    else {
      await chmod(path, entry.isDirectory() || path.endsWith('.sh') ? 0o755 : 0o644);
      await utimes(path, WHEN, WHEN);
    }
  }
}

function contextOf(store: WriteStore) {
  return fakeContext({
    cwd: dir.path,
    tempDir: dir.path,
    now: () => new Date('2026-11-29T09:42:38.5Z'),
    openWrite: async () => store,
  });
}

async function push(args: readonly string[], options = {}) {
  const store = createMemoryStore();
  const context = contextOf(store);
  const given = inputOf(args);
  const words = input([NAME, ...given.files], { ...given.options, ...options });
  const result = await run(context, words, {});
  const root = await store.resolve('1');
  const manifest = await fetchManifest(store, root);
  return { store, context, result, text: Buffer.from(manifest.raw).toString() };
}

/** A gzip of our own has another digest and size. */
const withoutGzip = (manifest: string): unknown =>
  JSON.parse(manifest, (key, value: unknown) =>
    key === 'layers'
      ? (value as readonly Descriptor[]).map(({ digest: _d, size: _s, ...rest }) => rest)
      : value,
  );

describe('artifact push', () => {
  it.each(PUSHES.cases.filter((one) => one.exit === 0 && one.id !== 'type-bad'))(
    '$id: the manifest of oras',
    async ({ args, created, manifest = '', tar }) => {
      const isGiven = created === undefined || args.includes('--annotation-file');
      const date = `org.opencontainers.image.created=${created}`;
      const { text } = await push([...args, ...(isGiven ? [] : ['--annotation', date])]);
      if (tar === undefined) expect(text).toBe(manifest);
      else expect(withoutGzip(text)).toEqual(withoutGzip(manifest));
    },
  );

  it.each(PUSHES.cases.filter((one) => one.exit !== 0 || one.id === 'type-bad'))(
    '$id is refused',
    async ({ id, args }) => {
      const words = id === 'absolute' ? [dir.join('a.txt')] : args;
      const code = id === 'missing' ? 'IO' : 'USAGE';
      await expect(push(words)).rejects.toMatchObject({ code });
    },
  );

  it('gives the same bytes for the same directory', async () => {
    const one = await push(['dir']);
    const two = await push(['dir']);
    expect(one.text).toBe(two.text);
  });

  it('reports the files, and prints the name with its digest', async () => {
    const { result } = await push(['a.txt:text/plain', 'dir/x.txt']);
    const { Digest } = jsonOf(result) as { readonly Digest: string };
    expect(textOf(result)).toBe(`${NAME}@${Digest}`);
    expect(jsonOf(result)).toMatchObject({
      ArtifactType: 'application/vnd.unknown.artifact.v1',
      Tags: ['1'],
      Files: [{ Title: 'a.txt', MediaType: 'text/plain', Size: 6 }, { Title: 'dir/x.txt' }],
    });
  });

  it('writes several tags, or none, and exports the manifest', async () => {
    const store = createMemoryStore();
    const exportManifest = 'out.json';
    const several = input(['r.example/app:1,2', 'a.txt'], { exportManifest });
    await run(contextOf(store), several, {});
    const one = await store.resolve('1');
    expect(await store.resolve('2')).toEqual(one);
    expect(await readFile(dir.join('out.json'), 'utf8')).toBe(
      Buffer.from((await fetchManifest(store, one)).raw).toString(),
    );
    const none = createMemoryStore();
    const result = await run(contextOf(none), input(['r.example/app', 'b.json']), {});
    expect(textOf(result)).toMatch(/^r\.example\/app@sha256:/u);
    await expect(none.resolve('latest')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('warns of a name that no pull writes', async () => {
    const name = `../${dir.path.split('/').at(-1)}/a.txt`;
    const { context, text } = await push([name]);
    expect(context.warnings).toEqual([expect.stringContaining('leads out of the directory')]);
    expect(text).toContain(name);
  });

  it('escapes a manifest as Go does', async () => {
    const { text } = await push(['a.txt', '--annotation', 'k=<&>\u2028']);
    expect(text).toContain('"k":"\\u003c\\u0026\\u003e\\u2028"');
  });

  it('takes standard input as a file without a name', async () => {
    const store = createMemoryStore();
    const context = {
      ...contextOf(store),
      async *stdin() {
        yield Buffer.from('cream\n');
      },
    };
    const result = await run(context, input([NAME, '-:text/plain']), {});
    expect(jsonOf(result)).toMatchObject({
      Files: [{ Title: null, MediaType: 'text/plain', Size: 6 }],
    });
  });

  it.each([
    ['a tag with a space', ['r.example/app:1,a b', 'a.txt'], {}],
    ['a digest', [`r.example/app@sha256:${'0'.repeat(64)}`, 'a.txt'], {}],
    ['an annotation without a value', [NAME, 'a.txt'], { annotation: ['k'] }],
    ['an annotation that is there twice', [NAME, 'a.txt'], { annotation: ['k=1', 'k=2'] }],
    ['a date that is none', [NAME], { annotation: ['org.opencontainers.image.created=today'] }],
    ['an artifact type with a space', [NAME, 'a.txt'], { artifactType: 'a b' }],
    ['an annotation file of another form', [NAME, 'a.txt'], { annotationFile: 'b.json' }],
  ])('refuses %s', async (_what, args, options) => {
    const store = createMemoryStore();
    await expect(run(contextOf(store), input(args, options), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('artifact attach', () => {
  const root = image({ layers: [blob('root')] });
  const attachTo = async (args: readonly string[], options = {}) => {
    const store = createMemoryStore();
    await put(store, root, '1');
    return { store, result: await attach(contextOf(store), input([NAME, ...args], options), {}) };
  };

  it('refers to the image, by its digest only', async () => {
    const type = 'application/vnd.acme.sbom';
    const { store, result } = await attachTo(['a.txt:text/plain'], { type });
    const listed = await Array.fromAsync(
      store.capabilities.referrers?.referrers(root.descriptor.digest) ?? [],
    );
    expect(listed).toMatchObject([{ artifactType: type }]);
    expect(textOf(result)).toBe(`r.example/app@${listed[0]?.digest}`);
    expect(jsonOf(result)).toMatchObject({ Subject: root.descriptor.digest, ArtifactType: type });
  });

  it.each([
    ['without a type', ['a.txt'], {}],
    ['without a file and an annotation', [], { type: 'a/b' }],
  ])('is refused %s', async (_what, args, options) => {
    await expect(attachTo(args, options)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('takes annotations without a file', async () => {
    const { result } = await attachTo([], { type: 'a/b', annotation: ['k=v'] });
    expect(jsonOf(result)).toMatchObject({ Files: [] });
  });
});
