import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

let machine: Machine;
let registry: RegistryServer;
let image: TestImage;
/** "127.0.0.1:PORT/team/app" has the tags v1 (signed) and v2 (not). */
let app: string;

beforeAll(async () => {
  [machine, registry, image] = await Promise.all([
    newMachine(),
    startRegistryServer({ storage: createMemoryStorage() }),
    makeIndex({ layers: 1 }),
  ]);
  app = `${registry.url.host}/team/app`;
  for (const name of ['a', 'b']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = { format: 'pem' } as const;
    await writeFile(machine.dir.join(`${name}.key`), privateKey.export({ type: 'pkcs8', ...pem }));
    await writeFile(machine.dir.join(`${name}.pub`), publicKey.export({ type: 'spki', ...pem }));
  }
  const { origin } = registry.url;
  await pushImage(origin, 'team/app', ['v1'], image);
  await pushImage(origin, 'team/app', ['v2'], await makeIndex({ layers: 1 }));
  await machine.expect(0, ['sign', '--key', 'a.key', '--form', 'both', `${app}:v1`]);
});
afterAll(async () => {
  await registry.close();
  await machine[Symbol.asyncDispose]();
});

const trusting = (key: string): readonly string[] => ['--verify-key', `${key}.pub`];

describe('copy --verify-key', () => {
  it('copies what was signed, with its signatures', async () => {
    const to = `${registry.url.host}/mirror/app`;
    await machine.expect(0, ['copy', ...trusting('a'), `${app}:v1`, `${to}:v1`]);
    const found = await machine.json(['verify', '--key', 'a.pub', `${to}:v1`]);
    expect(found).toMatchObject({
      Verified: true,
      PodmanReadable: true,
      Signatures: { length: 2 },
    });
  });

  it.each([
    ['another key', 'b', 'v1'],
    ['no signature', 'a', 'v2'],
  ])('refuses before a byte is written: %s', async (_case, key, tag) => {
    const args = ['copy', ...trusting(key), `${app}:${tag}`, 'oci:refused'];
    const error = await machine.jsonError(3, args);
    expect(error).toMatchObject({ code: 'POLICY_REJECTED' });
    expect(error.message).toContain('no signature of it counts');
    expect(existsSync(machine.dir.join('refused'))).toBe(false);
    await machine.expect(3, ['copy', '--dry-run', ...args.slice(1)]);
    await machine.expect(3, ['sync', ...trusting(key), `${app}:${tag}`, 'oci:refused']);
    expect(existsSync(machine.dir.join('refused'))).toBe(false);
  });

  it('refuses a whole repository of which one image is not signed', async () => {
    await machine.expect(3, ['copy', '--all-tags', ...trusting('a'), app, 'oci:refused']);
    expect(existsSync(machine.dir.join('refused'))).toBe(false);
    const some = ['copy', '--all-tags', '--include', '^v1$', ...trusting('a'), app, 'oci:some'];
    await machine.expect(0, some);
    await machine.expect(0, ['verify', '--key', 'a.pub', 'oci:some:v1']);
  });

  it('one platform counts through its index, and the copy says that it is not signed', async () => {
    const args = ['copy', ...trusting('a'), '--platform', 'linux/arm64', `${app}:v1`, 'oci:arm:v1'];
    const done = await machine.expect(0, args);
    expect(done.stderr).toContain('carries no signature of its own');
    await machine.expect(3, ['copy', ...trusting('b'), ...args.slice(3, -1), 'oci:refused']);
  });

  it('so does a copy of all tags, and a sync', async () => {
    const args = [...trusting('a'), '--platform', 'linux/arm64', '--include', '^v1$', app];
    for (const words of [['copy', '--all-tags'], ['sync']]) {
      const done = await machine.expect(0, [...words, ...args, `oci:arm-${words[0]}`]);
      expect(done.stderr).toContain('carries no signature of its own');
    }
  });

  it('a key that is missing or private is named, and nothing is asked', async () => {
    for (const key of ['none.pub', 'a.key']) {
      const error = await machine.jsonError(1, ['copy', '--verify-key', key, `${app}:v1`, 'oci:x']);
      expect(error.message).toContain(key);
    }
  });
});

describe('a copy that leaves signatures behind says so in one line', () => {
  const lines = (stderr: string): readonly string[] =>
    stderr.split('\n').filter((line) => line.includes('not copied: '));

  it.each([
    [
      'copy',
      ['copy', 'v1', 'said/copy:v1'],
      /: signature, signature|: 2 signatures; .*--referrers/u,
    ],
    [
      'of one platform',
      ['copy', 'v1', 'said/arm:v1', '--platform', 'linux/arm64'],
      /: 2 signatures; the copy has a different digest/u,
    ],
    [
      'converted',
      ['copy', 'v1', 'said/v2s2:v1', '--format', 'v2s2'],
      /: 2 signatures; the copy has a different digest/u,
    ],
    [
      'of all tags',
      ['copy', '', 'said/all', '--all-tags', '--include', '^v'],
      /: signatures or attestations of 1 of 2 images; .*--referrers/u,
    ],
    [
      'of all tags, converted',
      ['copy', '', 'said/all-v2s2', '--all-tags', '--include', '^v', '--format', 'v2s2'],
      /: signatures or attestations of 1 of 2 images; the copy has a different digest/u,
    ],
    [
      'sync',
      ['sync', '', 'said/sync', '--include', '^v'],
      /: signatures or attestations of 1 of 2 images; .*--referrers/u,
    ],
  ])('%s', async (_what, [verb = '', tag = '', to = '', ...more], line) => {
    const from = tag === '' ? app : `${app}:${tag}`;
    const copy = [verb, ...more, from, `${registry.url.host}/${to}`];
    const { stderr } = await machine.expect(0, copy);
    expect(lines(stderr), stderr).toEqual([expect.stringMatching(line)]);
    const again = await machine.expect(0, copy);
    expect(lines(again.stderr)).toEqual([]);
    const whole = await machine.expect(0, [verb, ...more, '--referrers', from, 'oci:said']);
    expect(lines(whole.stderr)).toEqual([]);
  });

  it('nothing is said of an image without signatures', async () => {
    const { stderr } = await machine.expect(0, ['copy', `${app}:v2`, 'oci:said:v2']);
    expect(lines(stderr)).toEqual([]);
  });
});

describe('--policy in YAML', () => {
  it('serves copy, sync and verify', async () => {
    const rule = (key: string): string =>
      `rules:\n- images: ${registry.url.host}/team/**\n  keys: ${key}.pub\n`;
    await writeFile(machine.dir.join('good.yaml'), rule('a'));
    await writeFile(machine.dir.join('bad.yaml'), rule('b'));
    await machine.expect(0, ['copy', '--policy', 'good.yaml', `${app}:v1`, 'oci:yaml:v1']);
    await machine.expect(0, ['sync', '--policy', 'good.yaml', `${app}:v1`, 'oci:yaml-sync:v1']);
    await machine.expect(0, ['verify', '--key', 'a.pub', 'oci:yaml-sync:v1']);
    await machine.expect(3, ['copy', '--policy', 'bad.yaml', `${app}:v1`, 'oci:refused']);
    await machine.expect(3, ['sync', '--policy', 'bad.yaml', `${app}:v1`, 'oci:refused']);
    expect(existsSync(machine.dir.join('refused'))).toBe(false);
    await machine.expect(0, ['verify', '--policy', 'good.yaml', `${app}:v1`]);
    await machine.expect(3, ['verify', '--policy', 'bad.yaml', `${app}:v1`]);
  });
});

it('of all tags each is judged by its own name', async () => {
  const requirement = { type: 'sigstoreSigned', keyPath: machine.dir.join('a.pub') };
  await writeFile(machine.dir.join('tags.json'), JSON.stringify({ default: [requirement] }));
  const args = ['copy', '--all-tags', '--policy', 'tags.json', '--include'];
  await machine.expect(0, [...args, '^v1$', app, 'oci:tags']);
  const error = await machine.jsonError(3, [...args, '^v2$', app, 'oci:tags2']);
  expect(error.message).toContain(`${app}:v2`);
  await machine.expect(0, ['sync', '--policy', 'tags.json', '--include', '^v1$', app, 'oci:tags3']);
});

it('a policy.json of skopeo counts an index, under the name skopeo each image', async () => {
  const requirement = {
    type: 'sigstoreSigned',
    keyPath: machine.dir.join('a.pub'),
    signedIdentity: { type: 'matchRepository' },
  };
  await writeFile(machine.dir.join('p.json'), JSON.stringify({ default: [requirement] }));
  await machine.expect(0, ['copy', '--policy', 'p.json', `${app}:v1`, 'oci:json:v1']);
  await machine.expect(3, ['copy', '--policy', 'p.json', `${app}:v2`, 'oci:refused']);
  const asSkopeo = [
    '--as',
    'skopeo',
    '--policy',
    'p.json',
    'copy',
    '--all',
    '--src-tls-verify=false',
  ];
  const done = await machine.expect(1, [...asSkopeo, `docker://${app}:v1`, 'oci:refused:v1']);
  expect(done.stderr).toContain('no signature of it counts');
});
