import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findFile } from '../../../src/image/files/find-file.ts';
import type { LayerStack } from '../../../src/image/files/image-files.ts';
import { readContent } from '../../../src/image/files/read-contents.ts';
import { FILES_CASES, withLayers, type CatCase } from './vectors.ts';

const REASONS = {
  ENOENT: 'it does not exist',
  ELOOP: 'its symbolic links lead in a circle',
  ENOTDIR: 'a part of the path is not a directory',
} as const;

/** What a program in the container gets from open() and read(). */
async function answerOf(stack: LayerStack, path: string): Promise<Omit<CatCase, 'path'>> {
  try {
    const { inode } = await findFile(stack, path, 'the image');
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of readContent(stack, inode)) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    return { size, sha256: hash.digest('hex') };
  } catch (error) {
    const { message } = error as Error;
    const known = Object.entries(REASONS).find(([, reason]) => message.endsWith(`: ${reason}`));
    if (known !== undefined) return { error: known[0] as keyof typeof REASONS };
    if (message.endsWith(': it is no regular file')) return { not_a_file: 'yes' };
    throw error;
  }
}

const cases = FILES_CASES.flatMap((one) =>
  // A path that is not UTF-8 cannot be typed.
  one.cat
    .filter(({ pathBase64 }) => pathBase64 === undefined)
    .map((cat) => [`${one.image} ${cat.path}`, one, cat] as const),
);

describe('findFile', () => {
  it.each(cases)('%s', async (_name, one, { path, size, sha256, error, not_a_file: kind }) => {
    const answer = await withLayers(one, (stack) => answerOf(stack, path));
    expect(answer).toEqual(
      size === undefined
        ? error === undefined
          ? { not_a_file: kind === undefined ? kind : 'yes' }
          : { error }
        : { size, sha256 },
    );
  });

  it('reads no layer below the one that decides', async () => {
    const one = { image: 'plain:latest', digest: digestOfImage('plain:latest') };
    const readOf = (path: string): Promise<readonly number[]> =>
      withLayers(one, async ({ source, layers }) => {
        const read: number[] = [];
        const watched: LayerStack['source'] = {
          label: source.label,
          fetch: (descriptor, options) => {
            read.push(layers.findIndex((layer) => layer.descriptor === descriptor));
            return source.fetch(descriptor, options);
          },
        };
        await findFile({ source: watched, layers }, path, 'it').catch(() => undefined);
        return read;
      });
    expect(await readOf('etc/app.conf')).toEqual([3]);
    expect(await readOf('usr/bin/app')).toEqual([3, 2]);
    // A whiteout decides, too.
    expect(await readOf('etc/os-release')).toEqual([3]);
    expect(await readOf('no/such/file')).toEqual([3, 2, 1, 0]);
  });
});

function digestOfImage(name: string): string {
  return FILES_CASES.find(({ image }) => image === name)?.digest ?? '';
}
