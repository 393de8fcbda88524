import { expect, it } from 'vitest';
import { makeImage, writeLayout } from '../helpers/images.ts';
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
