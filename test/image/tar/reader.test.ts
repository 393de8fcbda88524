import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isEntry, type TarEvent } from '../../../src/image/tar/entry.ts';
import { plainPath } from '../../../src/image/tar/plain-path.ts';
import { TarReader } from '../../../src/image/tar/reader.ts';
import { readLayer } from '../../../src/image/files/read-layer.ts';
import { plainLayer } from '../../../src/image/layer-bytes.ts';
import { FILES_CASES, treeOf, withLayers } from '../files/vectors.ts';

/** Entries with the digests of their contents. */
function summary(batches: Iterable<readonly TarEvent[]>): readonly unknown[] {
  const found: { path: string; type: string; size: number; hash: ReturnType<typeof createHash> }[] =
    [];
  for (const event of [...batches].flat()) {
    if (isEntry(event)) {
      const { path, inode } = event;
      found.push({ path, type: inode.type, size: inode.size, hash: createHash('sha256') });
    } else found.at(-1)?.hash.update(typeof event === 'number' ? Buffer.alloc(event) : event);
  }
  return found.map(({ hash, ...rest }) => ({ ...rest, sha256: hash.digest('hex') }));
}

function read(tar: Uint8Array, size: number): readonly unknown[] {
  const reader = new TarReader(() => true);
  const batches: (readonly TarEvent[])[] = [];
  for (let at = 0; at < tar.byteLength; at += size) {
    // Each chunk in memory of its own, which is overwritten after it was read.
    const chunk = Uint8Array.from(tar.subarray(at, at + size));
    batches.push(
      reader.push(chunk).map((one) => (one instanceof Uint8Array ? Uint8Array.from(one) : one)),
    );
    chunk.fill(0xaa);
  }
  reader.finish();
  return summary(batches);
}

describe('TarReader', () => {
  const headers = FILES_CASES.filter(({ image }) => /^(?:headers|twice|names:one)/u.test(image));

  it.each(headers.map((one) => [one.image, one] as const))(
    'reads %s the same in chunks of any size',
    async (_image, one) => {
      await withLayers(one, async ({ source, layers }) => {
        for (const { descriptor } of layers) {
          const tar = Buffer.concat(await Array.fromAsync(plainLayer(source, descriptor)));
          const whole = read(tar, tar.byteLength);
          for (const size of [1, 511, 513, 4096].filter((each) => tar.byteLength / each < 60_000))
            expect(read(tar, size)).toEqual(whole);
        }
      });
    },
  );

  it.each(headers.filter(({ image }) => image.includes('sparse')).map((one) => [one.image, one]))(
    'fills the holes of %s',
    async (_image, one) => {
      if (typeof one === 'string') return;
      const batches = await withLayers(one, ({ source, layers }) =>
        Array.fromAsync(
          readLayer(source, layers[0] ?? { descriptor: never(), diffId: undefined }, {
            wantsContent: () => true,
          }),
        ),
      );
      const wanted = treeOf(one).filter(({ type }) => type === 'file');
      expect(summary(batches)).toEqual(
        expect.arrayContaining(
          wanted.map(({ path, size, sha256 }) => ({ path, type: 'file', size, sha256 })),
        ),
      );
    },
  );
});

function never(): never {
  throw new Error('the image has a layer');
}

describe('plainPath', () => {
  it.each([
    ['', ''],
    ['./', ''],
    ['/', ''],
    ['a/', 'a'],
    ['./a//b/./c/../d/', 'a/b/d'],
    ['/abs/x', 'abs/x'],
    ['...', '...'],
    ['..hidden/.x', '..hidden/.x'],
    ['a/..', ''],
    [`${'x'.repeat(255)}/${'y'.repeat(255)}`, `${'x'.repeat(255)}/${'y'.repeat(255)}`],
  ])('%j is %j', (name, path) => {
    expect(plainPath(name)).toBe(path);
  });

  it.each([
    '..',
    '../x',
    'a/../../x',
    '/..',
    'x\0y',
    'x/'.repeat(2049),
    'x'.repeat(256),
    `a/${'x'.repeat(256)}/b`,
  ])('refuses %j', (name) => {
    const rule =
      /lies above the root|with a NUL|a name of 4098 bytes|a part of its name of 256 bytes/u;
    expect(() => plainPath(name)).toThrow(rule);
  });
});
