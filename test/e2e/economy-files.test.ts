import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestEntry } from '../../src/server/api/dispatch.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { noise, tocImage } from '../helpers/toc-layers.ts';
import { startCounted, type Counted } from './counted-registry.ts';
import { newMachine, type Machine } from './regctl.ts';

describeWith(
  ['docker-registry', 'openssl'],
  'requests for files and edits, with a Bearer registry and no cached tokens',
  () => {
    let certificates: Certificates;
    let src: Counted;
    let machine: Machine;
    beforeAll(async () => {
      certificates = await makeCertificates();
      [src, machine] = await Promise.all([startCounted(certificates), newMachine()]);
      await src.push('app', ['v1'], await makeImage({ layers: 5 }));
      await src.push('multi', ['v1'], await makeIndex({ layers: 2 }));
      for (const name of ['layer', 'other']) {
        await mkdir(machine.dir.join(name));
        await writeFile(machine.dir.join(name, 'file'), name);
      }
      const s390x = { os: 'linux', architecture: 's390x' };
      await src.push('app', ['s390x'], await makeImage({ platform: s390x }));
      for (const line of [
        'mutate HOST/app:v1 --user 1 --tag user',
        'mutate HOST/app:v1 --append layer --tag more',
        'index create --as-index HOST/app:base HOST/app:v1',
      ])
        await machine.expect(0, wordsOf(line));
    });
    afterAll(async () => {
      await Promise.all([src, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
    });

    const wordsOf = (line: string): string[] => [
      ...line.split(' ').map((word) => word.replace('HOST', src.host)),
      '--creds',
      'ann:secret',
    ];

    /** The challenge and the token. */
    const LOGIN = 2;
    const LAYERS = 5;

    it.each([
      ['files: manifest, configuration, each layer once', 'files HOST/app:v1', 2 + LAYERS],
      ['files of one layer: no other', 'files --layer 1 HOST/app:v1', 2 + 1],
      ['cat of a file of the highest layer: no other', 'cat HOST/app:v1 /file-4', 2 + 1],
      ['cat of a file of the lowest: each layer once', 'cat HOST/app:v1 /file-0', 2 + LAYERS],
      ['export: each layer once', 'export HOST/app:v1 out.tar', 2 + LAYERS],
      ['diff: layers that differ once', 'diff HOST/app:v1 HOST/app:more', 4 + LAYERS + 1],
      ['diff: no layer if they are the same', 'diff HOST/app:v1 HOST/app:user', 4],
      ['diff --fast: no layer', 'diff --fast HOST/app:v1 HOST/app:more', 4],
      ['validate: each node once', 'validate HOST/app:v1', 2 + LAYERS],
      ['validate --fast: a HEAD for each layer', 'validate --fast HOST/app:v1', 2 + LAYERS],
      ['outdated --base: manifests', 'outdated --base HOST/app:v1 HOST/app:more', 4],
      [
        'index create: 2 for each image, and 1',
        'index create HOST/app:i HOST/app:v1 HOST/app:s390x',
        5,
      ],
      ['index add: the index, 2 for the image, and 1', 'index add HOST/app:base HOST/app:s390x', 4],
      ['index remove: the index, read and written', 'index remove HOST/multi:v1 linux/arm/v7', 2],
      ['index annotate: the same', 'index annotate HOST/multi:v1 --annotation a=1', 2],
      ['mutate of an annotation: the same', 'mutate HOST/app:v1 --annotation a=1', 2],
      [
        'mutate --append: read 2, send 2 blobs, write',
        'mutate HOST/app:v1 --append other',
        2 + 4 + 1,
      ],
      [
        'mutate of a platform: index, 5, index',
        'mutate HOST/multi:v1 --platform linux/amd64 --user 1',
        7,
      ],
    ])('%s', async (_name, line, wanted) => {
      src.reset();
      await machine.expect(0, wordsOf(line), { env: { REGCTL_CACHE: 'off' } });
      expect(src.count(), src.list().join('\n')).toBe(LOGIN + wanted);
    });
  },
);

describe.each(['estargz', 'zstd:chunked'] as const)('an image of 8 MiB in %s', (format) => {
  const MIB = 1024 * 1024;
  let server: RegistryServer;
  let machine: Machine;
  const blobs: number[] = [];
  beforeAll(async () => {
    const storage = createMemoryStorage();
    const onRequest = ({ method, url, sent }: RequestEntry): void => {
      if (method === 'GET' && url.includes('/blobs/')) blobs.push(sent);
    };
    [server, machine] = await Promise.all([
      startRegistryServer({ storage, onRequest }),
      newMachine(),
    ]);
    const files = { 'etc/name': Buffer.from('small\n'), big: noise(2 * MIB, 'big') };
    const image = tocImage(format, { ...files, more: noise(6 * MIB, 'more') });
    await pushImage(server.url.origin, 'app', ['1'], image);
  });
  afterAll(() => Promise.all([server, machine].map((one) => one[Symbol.asyncDispose]())));

  it.each([
    ['files', ['files', 'IMAGE'], 2, 0],
    ['cat of a small file', ['cat', 'IMAGE', '/etc/name'], 3, 0],
    ['cat of a large file', ['cat', 'IMAGE', '/big'], 3, 2 * MIB],
  ])('%s: configuration, table and one part', async (_name, args, requests, content) => {
    blobs.splice(0);
    const image = `${server.host}/app:1`;
    await machine.expect(
      0,
      args.map((word) => word.replace('IMAGE', image)),
    );
    expect(blobs).toHaveLength(requests);
    const sum = blobs.reduce((total, bytes) => total + bytes, 0);
    expect(sum).toBeGreaterThanOrEqual(content);
    expect(sum).toBeLessThan(content + 70_000);
  });

  it('validate and export read the layer', async () => {
    blobs.splice(0);
    await machine.expect(0, ['validate', `${server.host}/app:1`]);
    await machine.expect(0, ['export', `${server.host}/app:1`, 'out.tar']);
    expect(blobs).toHaveLength(4);
    expect(blobs.filter((bytes) => bytes > 8 * MIB)).toHaveLength(2);
  });
});
