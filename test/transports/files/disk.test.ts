import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readChunks } from '../../../src/transports/files/disk.ts';
import { readAt, readRegion } from '../../../src/transports/tar/random-access.ts';
import type { Bytes } from '../../../src/util/bytes.ts';

const DATA = randomBytes(2_500_000);

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regctl-disk-'));
  path = join(folder, 'file');
  await writeFile(path, DATA);
});
afterEach(() => rm(folder, { recursive: true }));

async function read(bytes: Bytes): Promise<{ whole: Buffer; kept: Buffer; buffers: number }> {
  const copies: Uint8Array[] = [];
  const kept: Uint8Array[] = [];
  for await (const chunk of bytes) {
    copies.push(Uint8Array.from(chunk));
    kept.push(chunk);
  }
  const buffers = new Set(kept.map(({ buffer }) => buffer)).size;
  return { whole: Buffer.concat(copies), kept: Buffer.concat(kept), buffers };
}

const WAYS = {
  'a file': async (reuseChunks: boolean) =>
    read(readChunks(await open(path), path, { size: DATA.byteLength, reuseChunks })),
  'a region of an archive': async (reuseChunks: boolean) => {
    await using file = await open(path);
    const access = {
      size: DATA.byteLength,
      read: (...[at, length, room]: Parameters<Parameters<typeof readRegion>[0]['read']>) =>
        readAt(file, path, at, length, room),
    };
    return await read(readRegion(access, 0, DATA.byteLength, { reuseChunks }));
  },
};

it.each(Object.entries(WAYS))('%s is read into new memory, for keeps', async (_name, way) => {
  const { whole, kept } = await way(false);
  expect(whole.equals(DATA)).toBe(true);
  expect(kept.equals(DATA)).toBe(true);
});

it.each(Object.entries(WAYS))('%s is read into the same memory on request', async (_name, way) => {
  const { whole, buffers } = await way(true);
  expect(whole.equals(DATA)).toBe(true);
  expect(buffers).toBe(1);
});
