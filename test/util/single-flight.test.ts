import { describe, expect, it } from 'vitest';
import { createSingleFlight } from '../../src/util/single-flight.ts';

describe('createSingleFlight', () => {
  it('starts once for all who ask meanwhile, and anew afterwards', async () => {
    const fly = createSingleFlight<number>();
    let starts = 0;
    const start = async (): Promise<number> => (starts += 1);
    expect(await Promise.all([fly('a', start), fly('a', start), fly('b', start)])).toEqual([
      1, 1, 2,
    ]);
    expect(await fly('a', start)).toBe(3);
  });

  it('fails for all who wait and forgets the failure', async () => {
    const fly = createSingleFlight<string>();
    const fail = (): Promise<string> => Promise.reject(new Error('no'));
    const both = await Promise.allSettled([fly('a', fail), fly('a', fail)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await fly('a', () => Promise.resolve('yes'))).toBe('yes');
  });

  it('remembers nothing of a start that throws at once', async () => {
    const fly = createSingleFlight<string>();
    expect(() =>
      fly('a', () => {
        throw new Error('at once');
      }),
    ).toThrow('at once');
    expect(await fly('a', () => Promise.resolve('yes'))).toBe('yes');
  });
});
