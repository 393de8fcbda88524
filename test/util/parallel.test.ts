import { describe, expect, it } from 'vitest';
import { mapParallel } from '../../src/util/parallel.ts';

describe('mapParallel', () => {
  it('keeps the order and the bound', async () => {
    let running = 0;
    let most = 0;
    const out = await mapParallel([3, 1, 2, 5, 4], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      for (let i = 0; i < item; i += 1) await Promise.resolve();
      running -= 1;
      return item * 10;
    });
    expect(out).toEqual([30, 10, 20, 50, 40]);
    expect(most).toBe(2);
    expect(await mapParallel([], 2, async () => 1)).toEqual([]);
  });

  it('throws the first error once all that runs has ended, and starts nothing more', async () => {
    const started: number[] = [];
    let ended = 0;
    const failing = mapParallel([0, 1, 2, 3], 2, async (item, { signal }) => {
      started.push(item);
      try {
        if (item === 0) throw new Error('first');
        await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('second')), { once: true });
          if (signal?.aborted === true) reject(new Error('second'));
        });
      } finally {
        ended += 1;
      }
    });
    await expect(failing).rejects.toThrow('first');
    expect(started).toEqual([0, 1]);
    expect(ended).toBe(2);
  });

  it('ends with the reason of an abort from outside', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const waiting = mapParallel(
      [1, 2],
      1,
      async () => {
        controller.abort(reason);
        throw new Error('because of it');
      },
      { signal: controller.signal },
    );
    await expect(waiting).rejects.toBe(reason);
  });
});
