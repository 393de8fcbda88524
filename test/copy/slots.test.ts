import { describe, expect, it } from 'vitest';
import { createSlots } from '../../src/copy/slots.ts';

const MIB = 1024 * 1024;

describe('slots', () => {
  it('gives large contents two thirds, and the rest to everything else', async () => {
    const slots = createSlots(6);
    const { signal } = new AbortController();
    const running: string[] = [];
    const gate = new AbortController();
    const held = (name: string) => async (): Promise<void> => {
      running.push(name);
      if (gate.signal.aborted) return;
      await new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
    };
    const all = [
      ...[1, 2, 3, 4, 5].map(() => slots.run(held('large'), signal, 128 * MIB)),
      slots.run(held('small'), signal, MIB),
    ];
    await expect.poll(() => running.length).toBe(5);
    expect(running.filter((name) => name === 'large')).toHaveLength(4);
    gate.abort();
    await expect.poll(() => running.length).toBe(6);
    await Promise.all(all);
  });

  it('starts nothing after an abort, and always has a slot', async () => {
    const reason = new Error('stop');
    await expect(
      createSlots(0).run(() => Promise.resolve(1), AbortSignal.abort(reason)),
    ).rejects.toBe(reason);
    const { signal } = new AbortController();
    await expect(createSlots(0).run(() => Promise.resolve(1), signal, 9 * MIB)).resolves.toBe(1);
  });
});
