import { expect, it } from 'vitest';
import { BLOCK_BYTES, decodeHeader, encodeHeader } from '../../../src/transports/tar/codec.ts';

it.each([
  ['a', 0],
  [`blobs/sha512/${'a'.repeat(128)}`, 5],
  ['y'.repeat(300), 9],
  ['more than octal digits can say', 20 * 2 ** 30],
])('decodes what it encodes: %s', async (name, size) => {
  const header = await encodeHeader({ name, size });
  expect(header.byteLength % BLOCK_BYTES).toBe(0);
  expect(await decodeHeader(header)).toEqual({ name, type: 'file', size, target: '' });
});

it('writes the same bytes at any time', async () => {
  const header = { name: 'a', size: 1 };
  expect(await encodeHeader(header)).toEqual(await encodeHeader(header));
});

it('refuses noise', async () => {
  await expect(decodeHeader(Buffer.alloc(BLOCK_BYTES, 'x'))).rejects.toThrow(Error);
});
