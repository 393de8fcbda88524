import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createSlots, maxInFlight } from '../../../src/copy/engine/slots.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Source } from '../../../src/store/types.ts';
import { bytesOf, collect } from '../../../src/util/bytes.ts';

const MIB = 1024 * 1024;
const data = new TextEncoder().encode('content');
const digest = digestOf(data);

/** A source that says it has `size` bytes. */
function sized(size: number, opened: () => void | Promise<void> = () => {}): Source {
  return {
    descriptor: { mediaType: 'application/octet-stream', digest, size },
    open: async () => {
      await opened();
      return bytesOf(data);
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const read = async (source: Source): Promise<Uint8Array> =>
  collect(await source.open(), MIB, () => new Error('too long'));

/** What runs until `open` is called. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('slots', () => {
  it('gives large contents half, and the rest to everything else', async () => {
    const slots = createSlots(6);
    const { signal } = new AbortController();
    const running: string[] = [];
    const { opened, open } = gate();
    const held = (name: string) => async (): Promise<void> => {
      running.push(name);
      await opened;
    };
    const all = [
      ...[1, 2, 3, 4, 5].map(() => slots.transfer(sized(128 * MIB), held('large'), signal)),
      slots.transfer(sized(MIB), held('small'), signal),
    ];
    await settle();
    expect(running.toSorted()).toEqual(['large', 'large', 'large', 'small']);
    open();
    await Promise.all(all);
    expect(running).toHaveLength(6);
  });

  it('has more small contents under way than a side is asked at a time', async () => {
    const slots = createSlots(2);
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const now = { source: 0, destination: 0, underWay: 0 };
    const most = { ...now };
    const during = async (what: keyof typeof now): Promise<void> => {
      now[what] += 1;
      most[what] = Math.max(most[what], now[what]);
      await settle();
      now[what] -= 1;
    };
    const one = async (source: Source): Promise<void> => {
      now.underWay += 1;
      most.underWay = Math.max(most.underWay, now.underWay);
      await during('destination');
      const content = await source.open();
      await during('destination');
      expect(await collect(content, MIB, () => new Error('too long'))).toEqual(data);
      await during('destination');
      now.underWay -= 1;
    };
    await Promise.all([
      ...Array.from({ length: 12 }, () =>
        slots.transfer(
          sized(7, () => during('source')),
          one,
          signal,
        ),
      ),
      ...Array.from({ length: 6 }, () =>
        slots.on('destination', () => during('destination'), signal),
      ),
      ...Array.from({ length: 4 }, () =>
        slots.transfer(
          sized(2 * MIB),
          async () => {
            await Promise.all([during('source'), during('destination')]);
          },
          signal,
        ),
      ),
    ]);
    expect(most).toEqual({ source: 2, destination: 2, underWay: maxInFlight(2) });
  });

  it('leaves no slot taken by what fails, is opened twice, never read, or given up while it waits', async () => {
    const slots = createSlots(1);
    const { signal } = new AbortController();
    const failing = sized(7, () => Promise.reject(new Error('cut')));
    await expect(slots.transfer(failing, read, signal)).rejects.toThrow('cut');
    await slots.transfer(sized(7), (source) => source.open(), signal);
    await slots.transfer(
      sized(7),
      async (source) => {
        const first = (await source.open())[Symbol.asyncIterator]();
        await first.next();
        expect(await read(source)).toEqual(data);
        await first.return?.();
        expect(await read(source)).toEqual(data);
      },
      signal,
    );
    const { opened, open } = gate();
    const busy = slots.on('source', () => opened, signal);
    let waiting: Promise<unknown> | undefined;
    await slots.transfer(
      sized(7),
      async (source) => {
        waiting = source.open();
      },
      signal,
    );
    open();
    await Promise.all([busy, waiting]);
    for (const side of ['source', 'destination'] as const)
      expect(await slots.on(side, async () => side, signal)).toBe(side);
    expect(await slots.transfer(sized(2 * MIB), async () => 'both', signal)).toBe('both');
  });

  it('does not wait for what it holds when one opening is overtaken by another', async () => {
    const slots = createSlots(1);
    const { signal } = new AbortController();
    const { opened, open } = gate();
    const busy = slots.on('source', () => opened, signal);
    const twice = slots.transfer(
      sized(7),
      async (source) => {
        const both = [read(source), read(source)];
        open();
        return Promise.all(both);
      },
      signal,
    );
    expect(await twice).toEqual([data, data]);
    await busy;
    expect(await slots.on('source', async () => 'free', signal)).toBe('free');
  });

  it('starts nothing after an abort, and always has a slot', async () => {
    const reason = new Error('stop');
    const aborted = AbortSignal.abort(reason);
    await expect(createSlots(0).on('source', async () => 1, aborted)).rejects.toBe(reason);
    await expect(createSlots(0).transfer(sized(1), async () => 1, aborted)).rejects.toBe(reason);
    const { signal } = new AbortController();
    for (const size of [1, MIB, 9 * MIB])
      expect(await createSlots(0).transfer(sized(size), async () => 1, signal)).toBe(1);
  });
});
