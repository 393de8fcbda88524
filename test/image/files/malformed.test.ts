import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { openLayers, readFileTree } from '../../../src/image/files/image-files.ts';
import { openImage } from '../../../src/image/view.ts';
import { MALFORMED, openLayout } from './vectors.ts';

describe('reading the files of a malformed image', () => {
  it.each(MALFORMED.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    await using store = await openLayout(`malformed/${name}`);
    const status = await (async () => {
      const host = { os: 'linux', architecture: 'amd64' };
      await readFileTree(await openLayers(store, await openImage(store, undefined, { host })));
      return 0;
    })().catch((error: unknown) => {
      // Anything else is a bug.
      if (error instanceof AppError) return error.exitStatus;
      throw error;
    });
    const wanted = { 'not 0': [2, 5], either: [0, 5] };
    const { exit } = one.export;
    expect(typeof exit === 'number' ? [exit] : wanted[exit], one.why).toContain(status);
  });
});
