import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage, makeIndex, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { startCounted, type Counted } from './counted-registry.ts';
import { newMachine, type Machine } from './regctl.ts';

describeWith(
  ['docker-registry', 'openssl'],
  'requests, with a Bearer registry and no cached tokens',
  () => {
    let certificates: Certificates;
    let src: Counted;
    let dst: Counted;
    let machine: Machine;
    let image: TestImage;
    const creds = ['--creds', 'ann:secret'];
    const bothCreds = ['--src-creds', 'ann:secret', '--dest-creds', 'ann:secret'];

    beforeAll(async () => {
      certificates = await makeCertificates();
      [src, dst, machine] = await Promise.all([
        startCounted(certificates),
        startCounted(certificates),
        newMachine(),
      ]);
      image = await makeImage({ layers: 5 });
      await src.push('app', ['v1'], image);
    });
    afterAll(async () => {
      await Promise.all([src, dst, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
    });

    const measure = async (args: readonly string[]): Promise<number> => {
      src.reset();
      dst.reset();
      await machine.expect(0, [...args, ...(args[0] === 'copy' ? bothCreds : creds)], {
        env: { REGCTL_CACHE: 'off' },
      });
      return src.count() + dst.count();
    };
    /** The same with the tokens of the runs before. */
    const measureAgain = async (args: readonly string[], last: string): Promise<number> => {
      await machine.expect(0, [...args, 'before', ...creds]);
      src.reset();
      await machine.expect(0, [...args, last, ...creds]);
      return src.count();
    };
    const seen = (): string => [...src.list(), '--', ...dst.list()].join('\n');

    it('tags: 3', async () => {
      expect(await measure(['tags', `${src.host}/app`]), seen()).toBe(3);
    });

    it('digest: 3', async () => {
      expect(await measure(['digest', `${src.host}/app:v1`]), seen()).toBe(3);
      expect(src.list().map((line) => line.split(' ')[0])).toEqual(['HEAD', 'HEAD', 'GET']);
    });

    it('a fresh copy of config and 5 layers to another registry: at most 25', async () => {
      expect(
        await measure(['copy', `${src.host}/app:v1`, `${dst.host}/app:v1`]),
        seen(),
      ).toBeLessThanOrEqual(25);
    });

    it('an unchanged image: 6, and nothing is uploaded', async () => {
      expect(await measure(['copy', `${src.host}/app:v1`, `${dst.host}/app:v1`]), seen()).toBe(6);
      expect(dst.list().filter((line) => /^(?:PUT|POST|PATCH) /.test(line))).toEqual([]);
    });

    it('a retag in the same repository: at most 4', async () => {
      expect(
        await measure(['copy', `${src.host}/app:v1`, `${src.host}/app:v2`]),
        seen(),
      ).toBeLessThanOrEqual(4);
    });

    it('tag: 4, and 1 more for each further tag', async () => {
      expect(await measure(['tag', `${src.host}/app:v1`, 'a']), seen()).toBe(4);
      expect(await measure(['tag', `${src.host}/app:v1`, 'b', 'c', 'd']), seen()).toBe(6);
    });

    it('another repository of the same registry: mounted, no blob is sent', async () => {
      const before = src.proxy.uploaded();
      const count = await measure(['copy', `${src.host}/app:v1`, `${src.host}/other:v1`]);
      expect(count, seen()).toBeLessThanOrEqual(12);
      const manifestBytes = image.nodes.get(image.root.digest)?.bytes.byteLength ?? 0;
      expect(src.proxy.uploaded() - before).toBe(manifestBytes);
    });

    it('one layer of 16 MiB: at most 13', async () => {
      const large = await makeImage({ layers: 1, layerSize: 16 * 1024 * 1024 });
      await src.push('large', ['v1'], large);
      expect(
        await measure(['copy', `${src.host}/large:v1`, `${dst.host}/large:v1`]),
        seen(),
      ).toBeLessThanOrEqual(13);
    });

    it('an index of 3 platforms and 18 blobs: at most 72', async () => {
      await src.push('multi', ['v1'], await makeIndex({ layers: 5 }));
      expect(
        await measure(['copy', `${src.host}/multi:v1`, `${dst.host}/multi:v1`]),
        seen(),
      ).toBeLessThanOrEqual(72);
    });

    it('a user for an image of 5 layers: 7, and 5 with a cached token', async () => {
      const args = ['mutate', '--tag', 'labelled', `${src.host}/app:v1`, '--user'];
      expect(await measure([...args, 'ann']), seen()).toBe(7);
      expect(await measureAgain(args, 'bob'), seen()).toBe(5);
    });

    it('a label on an index of 3 platforms: 4 and 5 for each', async () => {
      await src.push('labels', ['v1'], await makeIndex({ layers: 2 }));
      const args = ['mutate', '--in-place', '--label', 'a=1', `${src.host}/labels:v1`];
      expect(await measure(args), seen()).toBe(4 + 5 * 3);
    });

    it('an index of 2 images of its repository: 401, token, 2 for each, and 1', async () => {
      const images = [makeImage(), makeImage({ platform: { os: 'linux', architecture: 's390x' } })];
      for (const [at, one] of images.entries()) await src.push('join', [`v${at}`], await one);
      const args = ['index', 'create', `${src.host}/join:all`, `${src.host}/join:v0`];
      expect(await measure([...args, `${src.host}/join:v1`]), seen()).toBe(2 + 2 * 2 + 1);
    });

    it('inspect without tags: 401, token, manifest, config', async () => {
      expect(await measure(['inspect', '-n', `${src.host}/app:v1`]), seen()).toBe(4);
    });
  },
);
