import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runAll } from '../../src/util/parallel.merge-together.ts';

it('gives the results in the order of the items', async () => {
  const waiting = new Map<number, () => void>();
  const running = runAll([3, 1, 2], undefined, async (n) => {
    await new Promise<void>((resolve) => waiting.set(n, resolve));
    return n * 2;
  });
  for (const n of [1, 2, 3]) waiting.get(n)?.();
  const doubled = await running;
  expect(doubled).toEqual([6, 2, 4]);
});

it('aborts the others at the first error, awaits them, and throws that error', async () => {
  let settled = 0;
  const run = runAll(['fails', 'waits'], undefined, async (name, signal) => {
    if (name === 'fails') throw new Error('first');
    await delay(60_000, undefined, { signal }).catch(() => undefined);
    settled += 1;
    throw new Error('second');
  });
  await expect(run).rejects.toThrow('first');
  expect(settled).toBe(1);
});

it('follows the signal from outside', async () => {
  const controller = new AbortController();
  const run = runAll([1], controller.signal, (_item, signal) =>
    delay(60_000, undefined, { signal }),
  );
  controller.abort(new Error('stop'));
  await expect(run).rejects.toThrow('aborted');
});
