import { expect, it } from 'vitest';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { newMachine } from './regctl.ts';

it.each([
  [['nginx'], 'docker.io/library/nginx:latest'],
  [
    ['r.example/a/b:1', '--format', '{{.Registry}} {{.Repository}} {{.Tag}} {{.Digest}}'],
    'r.example a/b 1 ',
  ],
  [['ocidir://a/b:v1', '--format={{.Path}} {{.Tag}}'], 'a/b v1'],
])('ref %j', async (words, expected) => {
  await using machine = await newMachine();
  expect((await machine.expect(0, ['ref', ...words])).stdout).toBe(`${expected}\n`);
});

it('ref takes one valid name', async () => {
  await using machine = await newMachine();
  for (const words of [['a', 'b'], ['A:b:c'], ['a', '--format', '{{.Nope}}']])
    await machine.expect(64, ['ref', ...words]);
});

it('a line of regclient prints only its result, and progress where it is asked for', async () => {
  await using machine = await newMachine();
  const [from, to] = ['from', 'to'].map((name) => `ocidir://${machine.dir.join(name)}:v1`);
  await writeLayout(machine.dir.join('from'), { v1: await makeImage() });
  const copied = await machine.expect(0, ['image', 'copy', from ?? '', to ?? '']);
  expect(copied.stderr).toBe('');
  const exported = await machine.expect(0, [
    'image',
    'export',
    to ?? '',
    machine.dir.join('a.tar'),
  ]);
  expect(exported.stdout + exported.stderr).toBe('');
  const third = `ocidir://${machine.dir.join('third')}:v1`;
  await machine.expect(0, ['image', 'import', third, machine.dir.join('a.tar')]);
  const digests = [to ?? '', third].map((name) => machine.expect(0, ['image', 'digest', name]));
  const [first, second] = await Promise.all(digests);
  expect(second?.stdout).toBe(first?.stdout);
  const line = ['image', 'copy', '--progress', 'plain', from ?? '', third.replace('third', 'new')];
  expect((await machine.expect(0, line)).stderr).toContain('written');
});

it('the lines about artifacts in the tests of zot', async () => {
  const server = await startRegistryServer({ storage: createMemoryStorage() });
  await using machine = await newMachine();
  const env = { REGCTL_CONFIG: machine.dir.join('regctl.json') };
  const line = async (words: string, input = ''): Promise<string> => {
    const args = words.replaceAll('HOST', server.url.host).split(' ');
    const { stdout } = await machine.expect(0, args, { env, input });
    return stdout.trimEnd().split('\n').at(-1) ?? '';
  };
  const count = async (options: string): Promise<unknown> => {
    const body = await line(`artifact list HOST/manifest-ref:demo --format raw-body${options}`);
    return (JSON.parse(body) as { readonly manifests: readonly unknown[] }).manifests.length;
  };
  const type = 'application/vnd.example.icecream.v1';
  try {
    await line('registry set HOST --tls disabled');
    await line('artifact put HOST/manifest-ref:demo', 'test artifact\n');
    expect(await line('artifact get HOST/manifest-ref:demo')).toBe('test artifact');
    expect(await count('')).toBe(0);
    const put = `artifact put --annotation demo=true --artifact-type ${type} --subject`;
    await line(`${put} HOST/manifest-ref:demo`, 'test reference\n');
    expect(await count('')).toBe(1);
    expect(await count(` --filter-artifact-type ${type}`)).toBe(1);
    expect(await count(' --filter-artifact-type application/invalid')).toBe(0);
    expect(await line('artifact get --subject HOST/manifest-ref:demo')).toBe('test reference');
    expect(await line('repo ls --last a --limit 1 HOST')).toBe('manifest-ref');
  } finally {
    await server.close();
  }
});

it('prints what regclient prints, where scripts read it', async () => {
  await using machine = await newMachine();
  const env = { REGCTL_CONFIG: machine.dir.join('regctl.json') };
  const layout = `ocidir://${machine.dir.join('from')}`;
  const image = await makeImage({ layers: 1 });
  await writeLayout(machine.dir.join('from'), { v2: image, v1: image });
  const out = async (...words: readonly string[]): Promise<string> =>
    (await machine.expect(0, words, { env })).stdout;
  expect(await out('tag', 'ls', layout)).toBe('v1\nv2\n');
  expect(await out('image', 'copy', `${layout}:v1`, `${layout}:v3`)).toBe(`${layout}:v3\n`);
  expect(await out('repo', 'copy', layout, `ocidir://${machine.dir.join('to')}`)).toBe('');
  const check = ['image', 'check-base', `${layout}:v1`, '--base', `${layout}:v2`];
  expect(await out(...check)).toBe('base image matches\n');
  await out('image', 'mod', `${layout}:v1`, '--create', `${layout}:other`, '--layer-rm-index', '0');
  const other = ['image', 'check-base', `${layout}:other`, '--base', `${layout}:v1`];
  const changed = await machine.regctl(other, { env });
  expect([changed.code, changed.stdout]).toEqual([3, 'base image has changed\n']);
  const mod = ['image', 'mod', `${layout}:v3`, '--replace', '--label', 'a=b'];
  expect(await out(...mod)).toBe(`${layout}:v3\n`);
  const types = '{{range .Descriptors}}{{println .ArtifactType}}{{end}}';
  expect(await out('artifact', 'list', `${layout}:v1`, '--format', types)).toBe('');
  await out('registry', 'set', '127.0.0.1:1', '--tls', 'disabled', '--skip-check');
  const config = await out('registry', 'config', '127.0.0.1:1');
  expect(JSON.parse(config)).toEqual({ hostname: '127.0.0.1:1', tls: 'disabled' });
  expect(await out('registry', 'config', '127.0.0.1:1', '--format', '{{.User}}')).toBe('');
});
