import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestImage } from '../helpers/graphs.ts';
import { CONNECTIONS, newLab, smallImage, tell, type Lab } from './lab.ts';
import { startLoadRegistry, type LoadRegistry } from './registry.ts';

/** Of each kind, all at once: 50 processes. */
const COPIES = 18;
const LAYOUT_WRITERS = 16;
const LOGINS = 16;

let lab: Lab;
let registry: LoadRegistry;
beforeAll(async () => {
  [lab, registry] = await Promise.all([newLab(), startLoadRegistry({ bearer: true })]);
});
afterAll(() => Promise.all([lab, registry].map((one) => one[Symbol.asyncDispose]())));

const listOf = (name: string, count: number): TestImage[] =>
  Array.from({ length: count }, (_, i) => smallImage(`${name} ${i}`, 3));

it('50 processes at one registry, one configuration and one layout lose nothing', async () => {
  const { machine } = lab;
  const { host, port } = registry;
  const config = machine.dir.join('docker');
  await mkdir(config);
  const env = { DOCKER_CONFIG: config, REGCTL_CACHE: 'on' };
  const login = (at: string): string[] => [
    'login',
    '--plain-http',
    '--password-stdin',
    '-u',
    'ann',
    at,
  ];
  await lab.regctl(login(host), { env, input: 'secret' });

  const copies = listOf('copied', COPIES);
  const written = listOf('written', LAYOUT_WRITERS);
  for (const [i, one] of copies.entries()) await registry.put('from', one, `c${i}`);
  for (const [i, one] of written.entries()) await registry.put('from', one, `w${i}`);
  registry.reset();

  const hosts = Array.from({ length: LOGINS }, (_, i) => `127.0.1.${i + 1}:${port}`);
  const begun = performance.now();
  const done = await Promise.all([
    ...copies.map((_, i) =>
      lab.regctl(['copy', `${host}/from:c${i}`, `${host}/together:c${i}`], { env }),
    ),
    ...written.map((_, i) =>
      lab.regctl(['copy', `${host}/from:w${i}`, `oci:shared:w${i}`], { env }),
    ),
    ...hosts.map((at) => lab.regctl(login(at), { env, input: 'secret' })),
  ]);
  tell(
    `${done.length} processes at once (the largest)`,
    {
      drained: true,
      seconds: (performance.now() - begun) / 1000,
      peakMb: Math.max(...done.map(({ peakMb }) => peakMb ?? 0)),
    },
    registry.peak(),
  );

  const tags = copies.map(({ descriptor }, i) => [`c${i}`, descriptor.digest] as const);
  expect(await registry.tags('together')).toEqual(new Map(tags));
  for (const one of copies) expect(await registry.missing('together', one)).toEqual([]);

  const index = JSON.parse(await readFile(machine.dir.join('shared/index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  const listed = index.manifests.map(({ digest, annotations }) => [
    annotations['org.opencontainers.image.ref.name'],
    digest,
  ]);
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(written.map(({ descriptor }, i) => [`w${i}`, descriptor.digest])),
  );
  await lab.regctl(['copy', '--all-tags', 'oci:shared', `${host}/whole`], { env });
  for (const one of written) expect(await registry.missing('whole', one)).toEqual([]);

  const { auths } = JSON.parse(await readFile(join(config, 'config.json'), 'utf8')) as {
    auths: Record<string, { auth: string }>;
  };
  expect(Object.keys(auths).toSorted()).toEqual([host, ...hosts].toSorted());

  // Both sides of a copy are this registry.
  expect(registry.peak()).toBeLessThanOrEqual(done.length * 2 * CONNECTIONS);
  const left = await readdir(machine.dir.path, { recursive: true });
  expect(left.filter((name) => /\.tmp$|\.lock$/u.test(name))).toEqual([]);
  await expect.poll(() => registry.open(), { timeout: 10_000 }).toBe(0);
});
