import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { BLOCK_BYTES, decodeHeader, encodeHeader } from '../../../src/transports/tar/header.ts';

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

it.each([
  ['a', 0],
  [`blobs/sha256/${'f'.repeat(64)}`, 67_108_864],
  ['b'.repeat(100), 8 ** 11 - 1],
])('writes plain headers as tar-stream does: %s', async (name, size) => {
  const packer = pack();
  packer.on('error', () => undefined);
  const body = packer.entry({ name, size, mode: 0o644, mtime: new Date(0), type: 'file' });
  body.on('error', () => undefined);
  let theirs: Uint8Array | undefined;
  for await (const block of packer as AsyncIterable<Uint8Array>) {
    theirs = Uint8Array.from(block);
    break;
  }
  expect(Uint8Array.from(await encodeHeader({ name, size }))).toEqual(theirs);
});

it('writes the same bytes at any time', async () => {
  const header = { name: 'a', size: 1 };
  expect(await encodeHeader(header)).toEqual(await encodeHeader(header));
});

it('refuses noise', async () => {
  await expect(decodeHeader(Buffer.alloc(BLOCK_BYTES, 'x'))).rejects.toThrow(Error);
});
