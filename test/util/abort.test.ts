import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { abortable, sleep } from '../../src/util/abort.ts';

const STOP = new Error('stop');

describe('sleep', () => {
  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const sleeping = sleep(60_000, controller.signal);
    controller.abort(STOP);
    await expect(sleeping).rejects.toBe(STOP);
    await expect(sleep(60_000, controller.signal)).rejects.toBe(STOP);
  });

  it('does not return at once from a delay that a timer cannot hold', async () => {
    const controller = new AbortController();
    const sleeping = sleep(1e13, controller.signal).then(() => 'returned');
    // A timer that is given more than it holds fires after 1 ms, so before this one.
    await sleep(2);
    controller.abort(STOP);
    await expect(sleeping).rejects.toBe(STOP);
  });
});

describe('abortable', () => {
  it('passes results and failures on and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    await expect(abortable(Promise.reject(STOP), signal)).rejects.toBe(STOP);
    expect(await abortable(Promise.resolve(2))).toBe(2);
    await sleep(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('does not wait for a promise that never settles', async () => {
    const controller = new AbortController();
    const waiting = abortable(new Promise(() => undefined), controller.signal);
    controller.abort(STOP);
    await expect(waiting).rejects.toBe(STOP);
  });

  it('keeps a later failure from becoming an unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const late = turn().then(() => Promise.reject(new Error('late')));
      await expect(abortable(late, AbortSignal.abort(STOP))).rejects.toBe(STOP);
      // It fails in the next turn of the loop, and is reported before the one after that.
      await turn();
      await turn();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
