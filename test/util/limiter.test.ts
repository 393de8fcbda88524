import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/util/limiter.ts';

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createLimiter', () => {
  it('runs as many as allowed, in order of arrival', async () => {
    const limiter = createLimiter(2);
    const gates = [gate(), gate(), gate(), gate()];
    const started: number[] = [];
    const all = gates.map((one, i) =>
      limiter.run(async () => {
        started.push(i);
        await one.opened;
        return i;
      }),
    );
    await settle();
    expect(started).toEqual([0, 1]);
    gates[1]?.open();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    for (const one of gates) one.open();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('frees the slot of a task that fails or throws at once', async () => {
    const limiter = createLimiter(1);
    const failing = limiter.run(() => Promise.reject(new Error('one')));
    const throwing = limiter.run(() => {
      throw new Error('two');
    });
    const last = limiter.run(() => Promise.resolve('three'));
    await expect(failing).rejects.toThrow('one');
    await expect(throwing).rejects.toThrow('two');
    expect(await last).toBe('three');
  });

  it('leaves the queue on abort, and those behind still run', async () => {
    const limiter = createLimiter(1);
    const first = gate();
    const controller = new AbortController();
    const running = limiter.run(() => first.opened);
    let ran = false;
    const aborted = limiter.run(() => {
      ran = true;
      return Promise.resolve();
    }, controller.signal);
    const behind = limiter.run(() => Promise.resolve('behind'));
    controller.abort(new Error('stop'));
    await expect(aborted).rejects.toThrow('stop');
    first.open();
    await running;
    expect(await behind).toBe('behind');
    expect(ran).toBe(false);
  });

  it('does not start with an aborted signal, and takes no slot', async () => {
    const limiter = createLimiter(1);
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(limiter.run(() => Promise.resolve(), signal)).rejects.toThrow('stop');
    expect(await limiter.run(() => Promise.resolve('free'))).toBe('free');
  });

  it.each([0, -1, Number.NaN])('refuses a limit of %s, which would wait for ever', (limit) => {
    expect(() => createLimiter(limit)).toThrow(RangeError);
  });
});
