import { describe, expect, it } from 'vitest';
import { AbortWatch } from '../../src/util/abort-watch.ts';
import { createLimiter } from '../../src/util/limiter.ts';
import { Queue } from '../../src/util/queue.ts';

/** How many listeners a signal has. */
function counted(): {
  signal: AbortSignal;
  abort: (reason: unknown) => void;
  listeners: () => number;
  most: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  let now = 0;
  let most = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    now += 1;
    most = Math.max(most, now);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    now -= 1;
    removeEventListener.apply(signal, args);
  };
  return {
    signal,
    abort: (reason) => controller.abort(reason),
    listeners: () => now,
    most: () => most,
  };
}

describe('many who wait on one signal', () => {
  it('share a listener, which goes with the last of them', () => {
    const { signal, listeners } = counted();
    const watch = new AbortWatch();
    const ends = Array.from({ length: 1000 }, () => watch.add(signal, () => undefined));
    expect(listeners()).toBe(1);
    for (const end of ends) end();
    for (const end of ends) end();
    expect(listeners()).toBe(0);
  });

  it('are each told once', () => {
    const { signal, abort } = counted();
    const watch = new AbortWatch();
    const told: number[] = [];
    const ends = [1, 2, 3].map((one) => watch.add(signal, () => told.push(one)));
    ends[1]?.();
    abort('enough');
    ends[0]?.();
    expect(told).toEqual([1, 3]);
  });

  it('for a slot of a limiter add one listener, however many they are', async () => {
    const { signal, most } = counted();
    const limiter = createLimiter(2);
    const order: number[] = [];
    const tasks = Array.from({ length: 500 }, (_, i) =>
      limiter.run(async () => void order.push(i), signal),
    );
    await Promise.all(tasks);
    expect(most()).toBe(1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('and leave when it aborts, without costing a slot', async () => {
    const { signal, abort } = counted();
    const limiter = createLimiter(1);
    const leave = await limiter.enter();
    const gone = limiter.enter(signal);
    const stays = limiter.enter();
    abort(new Error('enough'));
    await expect(gone).rejects.toThrow('enough');
    leave();
    (await stays)();
    await expect(limiter.run(async () => 'free')).resolves.toBe('free');
  });
});

describe('Queue', () => {
  it('gives back what it was given, in order', () => {
    const queue = new Queue<number>();
    const out: (number | undefined)[] = [];
    for (let i = 0; i < 100; i += 1) {
      queue.push(2 * i);
      queue.push(2 * i + 1);
      out.push(queue.shift());
    }
    for (let i = 0; i < 101; i += 1) out.push(queue.shift());
    expect(out).toEqual([...Array.from({ length: 200 }, (_, i) => i), undefined]);
  });
});
