import { describe, expect, it } from 'vitest';
import { readFileTree, type LayerStack } from '../../../src/image/files/image-files.ts';
import { listFiles } from '../../../src/image/files/list-files.ts';
import { openFile } from '../../../src/image/files/open-file.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import type { BlobPart } from '../../../src/store/types.ts';
import { bytesOf, collect } from '../../../src/util/bytes.ts';
import {
  noise,
  tocLayer,
  type Files,
  type Format,
  type TocLayer,
} from '../../helpers/toc-layers.ts';

const FORMATS = ['estargz', 'zstd:chunked'] as const;

const FILES: Files = {
  'bin/small': Buffer.from('small\n'),
  big: noise(700_000, 'big'),
  'bin/link': { hardLink: 'bin/small' },
  empty: Buffer.alloc(0),
  holes: Buffer.concat([noise(300_000, 'holes'), Buffer.alloc(600_000), Buffer.from('end')]),
  filler: noise(1_200_000, 'filler'),
  '.wh.gone': Buffer.alloc(0),
  ['ü'.repeat(80)]: Buffer.from('name'),
};

const BELOW: Files = {
  gone: Buffer.from('gone'),
  below: noise(100_000, 'below'),
  more: noise(150_000, 'more'),
};

interface Seen {
  readonly stack: LayerStack;
  /** Layers that were read whole. */
  readonly whole: string[];
  readonly parts: BlobPart[];
}

function stackOf(
  layers: readonly TocLayer[],
  change: (bytes: Uint8Array, at: number) => Uint8Array | undefined = (bytes) => bytes,
): Seen {
  const whole: string[] = [];
  const parts: BlobPart[] = [];
  const blobOf = (digest: string): Buffer =>
    layers.find(({ descriptor }) => descriptor.digest === digest)?.blob ?? Buffer.alloc(0);
  const stack: LayerStack = {
    layers: layers.map(({ descriptor, diffId }) => ({ descriptor, diffId: diffId as Digest })),
    source: {
      label: 'the image',
      fetch: async ({ digest }) => {
        whole.push(digest);
        return bytesOf(blobOf(digest));
      },
    },
    ranges: {
      read: async ({ digest }, part) => {
        parts.push(part);
        const { offset, size } = part;
        return change(Buffer.from(blobOf(digest).subarray(offset, offset + size)), parts.length);
      },
    },
  };
  return { stack, whole, parts };
}

const read = async (stack: LayerStack, path: string): Promise<Buffer> => {
  const tooLarge = (): Error => new Error('too large');
  return Buffer.from(await collect(await openFile(stack, path, 'the image'), 10_000_000, tooLarge));
};

const listed = async (stack: LayerStack): Promise<unknown> =>
  Array.from(listFiles(await readFileTree(stack), 'the image'), ({ path, inode }) => ({
    path,
    ...inode,
  }));

describe.each(FORMATS)('a table of contents of %s', (format: Format) => {
  const layers = [tocLayer(format, BELOW), tocLayer(format, FILES)];

  it('has the files that the layers have', async () => {
    const { stack, whole } = stackOf(layers);
    const files = await listed(stack);
    expect(whole).toEqual([]);
    expect(files).toEqual(await listed({ ...stack, ranges: undefined }));
  });

  it.each(['bin/small', 'bin/link', 'big', 'empty', 'holes', 'ü'.repeat(80)])(
    'gives the content of %s by parts',
    async (path) => {
      const { stack, whole, parts } = stackOf(layers);
      const named = FILES[path === 'bin/link' ? 'bin/small' : path];
      expect((await read(stack, path)).equals(named as Buffer)).toBe(true);
      expect(whole).toEqual([]);
      const bytes = parts.reduce((sum, { size }) => sum + size, 0);
      const own = Buffer.isBuffer(named) && path !== 'holes' ? named.byteLength : 310_000;
      expect(bytes).toBeLessThan(own + 70_000);
      expect(parts.length).toBeLessThanOrEqual(3);
    },
  );

  it('is not used for a file that is most of its layer: that is one request', async () => {
    const { stack, whole } = stackOf([
      tocLayer(format, { big: noise(200_000, 'big'), a: Buffer.from('a') }),
    ]);
    expect(await read(stack, 'big')).toHaveLength(200_000);
    // Once to find it, once for its content; a registry is asked once.
    expect(whole).toHaveLength(2);
  });

  it('of a lower layer is read when the upper one does not decide', async () => {
    const { stack, whole } = stackOf(layers);
    expect((await read(stack, 'below')).equals(BELOW['below'] as Buffer)).toBe(true);
    expect(whole).toEqual([]);
    await expect(read(stack, 'gone')).rejects.toMatchObject({ code: 'PATH_UNKNOWN' });
  });

  it.each([
    ['is altered on its way', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
    ['cannot be read, because the registry sends whole blobs only', () => undefined],
  ])('that %s is not used', async (_case, change) => {
    const { stack, whole } = stackOf(layers, change);
    expect((await read(stack, 'bin/small')).toString()).toBe('small\n');
    expect(whole).toContain(layers[1]?.descriptor.digest);
    expect(await listed(stack)).toEqual(await listed({ ...stack, ranges: undefined }));
  });

  it('does not make altered content right: the layer is read', async () => {
    const flip = (bytes: Uint8Array, at: number): Uint8Array =>
      at > 1 ? bytes.map((byte) => byte ^ 1) : bytes;
    const { stack, whole } = stackOf(layers, flip);
    expect((await read(stack, 'bin/small')).toString()).toBe('small\n');
    expect(whole).toContain(layers[1]?.descriptor.digest);
  });

  it('is not believed with another digest, nor for names that are not UTF-8', async () => {
    const digests = Object.fromEntries(
      Object.entries(layers[1]?.descriptor.annotations ?? {}).map(([key, value]) => [
        key,
        value.startsWith('sha256:') ? `sha256:${'0'.repeat(64)}` : value,
      ]),
    );
    const other = layers.map((layer) => ({
      ...layer,
      descriptor: { ...layer.descriptor, annotations: digests },
    }));
    const odd = tocLayer(format, { '\ufffd': noise(70_000, 'odd'), a: Buffer.from('a') });
    for (const stacked of [other, [odd]]) {
      const { stack, whole } = stackOf(stacked);
      await listed(stack);
      expect(whole).toHaveLength(stacked.length);
    }
  });
});
