import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { sourceOf } from '../../src/artifact/files/sources.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Source } from '../../src/store/types.ts';
import { tempDir } from '../helpers/temp.ts';

const read = async (source: Source, from = 0): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(await source.open({ from })));

it.each(['dir', 'dir/a.txt'])('%s can be sent again from any offset', async (title) => {
  await using dir = await tempDir();
  await mkdir(dir.join('dir'));
  await writeFile(dir.join('dir/a.txt'), 'alpha'.repeat(1000));
  const source = await sourceOf({ path: dir.join(title), title, mediaType: undefined });
  const whole = await read(source);
  expect(digestOf(whole)).toBe(source.descriptor.digest);
  expect(whole.byteLength).toBe(source.descriptor.size);
  for (const from of [1, 20, whole.byteLength - 1, whole.byteLength])
    expect(await read(source, from)).toEqual(whole.subarray(from));
});

it('a directory that changed has another digest, so that its upload is refused', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('dir'));
  await writeFile(dir.join('dir/a.txt'), 'alpha');
  const source = await sourceOf({ path: dir.join('dir'), title: 'dir', mediaType: undefined });
  await writeFile(dir.join('dir/a.txt'), 'alpha and more');
  expect(digestOf(await read(source))).not.toBe(source.descriptor.digest);
});
