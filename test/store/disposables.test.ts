import { expect, it } from 'vitest';
import { Disposables } from '../../src/store/disposables.ts';

it('disposes of all, the last first, and throws the first error', async () => {
  const done: string[] = [];
  const held = new Disposables();
  held.use({ [Symbol.asyncDispose]: async () => void done.push('first') });
  held.use({
    [Symbol.dispose]: () => {
      done.push('second');
      throw new Error('second');
    },
  });
  held.use({ [Symbol.asyncDispose]: () => Promise.reject(new Error('third')) });
  await expect(held[Symbol.asyncDispose]()).rejects.toThrow('third');
  expect(done).toEqual(['second', 'first']);
  await held[Symbol.asyncDispose]();
});
