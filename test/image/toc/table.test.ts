import { describe, expect, it } from 'vitest';
import { LayerTable } from '../../../src/image/toc/table.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const FILE = { type: 'reg', name: 'f', size: 10, offset: 100, digest: DIGEST };
const FIRST = { ...FILE, chunkSize: 6, chunkDigest: DIGEST };
const SECOND = { type: 'chunk', name: 'f', offset: 200, chunkOffset: 6, chunkDigest: DIGEST };

const tableOf = (entries: readonly unknown[], more: object = { version: 1 }): LayerTable =>
  new LayerTable(Buffer.from(JSON.stringify({ ...more, entries })), 1000);

function chunksOf(entries: readonly unknown[]): unknown {
  const table = tableOf(entries);
  const [first] = table.entries;
  return first === undefined ? undefined : table.chunksOf(first.inode);
}

describe('LayerTable', () => {
  it('gives the chunks of a file, each up to where the next thing begins', () => {
    expect(chunksOf([FILE])).toEqual([
      { position: 0, size: 10, digest: DIGEST, stored: { offset: 100, end: 1000, inner: 0 } },
    ]);
    expect(chunksOf([FIRST, { ...SECOND, innerOffset: 3 }, { ...FILE, offset: 300 }])).toEqual([
      { position: 0, size: 6, digest: DIGEST, stored: { offset: 100, end: 200, inner: 0 } },
      { position: 6, size: 4, digest: DIGEST, stored: { offset: 200, end: 300, inner: 3 } },
    ]);
    expect(chunksOf([{ ...FILE, size: 0 }])).toEqual([]);
    const hole = { ...SECOND, chunkType: 'zeros', offset: 0, chunkDigest: '' };
    expect(chunksOf([FIRST, hole])).toMatchObject([{ size: 6 }, { position: 6, size: 4 }]);
  });

  it.each([
    ['a chunk without a digest', [FIRST, { ...SECOND, chunkDigest: '' }]],
    ['a file without a digest', [{ ...FILE, digest: '' }]],
    ['a gap', [FIRST, { ...SECOND, chunkOffset: 7 }]],
    ['chunks that overlap', [FIRST, { ...SECOND, chunkOffset: 5 }]],
    ['more than the file', [FIRST, { ...SECOND, chunkSize: 5 }]],
    ['less than the file', [FIRST, { ...SECOND, chunkSize: 3 }]],
    ['content after the end of all content', [{ ...FILE, offset: 1000 }]],
  ])('gives none with %s', (_case, entries) => {
    expect(chunksOf(entries)).toBeUndefined();
  });

  it.each([
    ['another version', [FILE], { version: 2 }],
    ['a type that tars do not have', [{ ...FILE, type: 'socket' }], undefined],
    ['a negative size', [{ ...FILE, size: -1 }], undefined],
    ['a size that is no number', [{ ...FILE, size: '10' }], undefined],
    ['a name above the root', [{ ...FILE, name: '../f' }], undefined],
    ['bytes that were no UTF-8', [{ ...FILE, name: 'f\ufffd' }], undefined],
  ])('is refused with %s', (_case, entries, more) => {
    expect(() => tableOf(entries, more)).toThrow(/its|member|above|UTF-8/u);
  });

  it('takes a table of a hundred thousand chunks without delay', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => ({
      ...(at === 0 ? { ...FILE, size: 100_000 } : { ...SECOND, chunkOffset: at }),
      chunkSize: 1,
      chunkDigest: DIGEST,
      offset: at + 1,
    }));
    const table = new LayerTable(
      Buffer.from(JSON.stringify({ version: 1, entries: many })),
      200_000,
    );
    const [first] = table.entries;
    expect(first && table.chunksOf(first.inode)).toHaveLength(100_000);
  });
});
