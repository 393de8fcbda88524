import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { PullBudget, type BudgetOptions, type PullSource } from '../../src/sync/budget.ts';

const HOUR = 3_600_000;

/** A registry that allows `left` pulls, and a clock that only waits move. */
function lab(options: Partial<BudgetOptions>, left?: number) {
  const state = { left, time: 0, pulls: 0, most: 0, underWay: 0, refreshed: 0 };
  const waits: number[] = [];
  const budget = new PullBudget({
    now: () => state.time,
    async sleep(ms) {
      waits.push(ms);
      state.time += ms;
      if (state.time >= 6 * HOUR && left !== undefined) state.left = left;
    },
    note: () => undefined,
    ...options,
  });
  let told: number | undefined;
  const source: PullSource = {
    host: 'docker.io',
    rules: {},
    allowance: () =>
      told === undefined
        ? undefined
        : { remaining: told, windowSeconds: 21_600, resetSeconds: undefined },
    async refresh() {
      state.refreshed += 1;
      told = state.left;
    },
  };
  const pull = (rules: PullSource['rules'] = {}): Promise<void> =>
    budget.pull(
      { ...source, rules },
      async () => {
        state.underWay += 1;
        state.most = Math.max(state.most, state.underWay);
        await Promise.resolve();
        state.underWay -= 1;
        if (state.left === 0) throw new AppError('RATE_LIMITED', 'docker.io limits the rate');
        state.pulls += 1;
        if (state.left !== undefined) state.left -= 1;
        told = state.left;
      },
      {},
    );
  return { state, waits, budget, pull };
}

const all = async (count: number, pull: () => Promise<void>): Promise<string[]> => {
  const settled = await Promise.allSettled(Array.from({ length: count }, () => pull()));
  return settled.flatMap((one) =>
    one.status === 'rejected' ? [(one.reason as Error).message] : [],
  );
};

describe('a run that stops', () => {
  test('--budget is the most pulls of a run', async () => {
    const { state, budget, pull } = lab({ pulls: 3 });
    const failed = await all(5, () => pull());
    expect(failed).toEqual(
      Array.from(
        { length: 2 },
        () => 'cannot pull more from docker.io: the budget of 3 pulls is used up',
      ),
    );
    expect([state.pulls, budget.used, budget.isOver]).toEqual([3, 3, true]);
  });

  test('--budget-left stays, however many pull at once', async () => {
    const { state, budget, pull } = lab({ left: 4 }, 10);
    const failed = await all(20, () => pull());
    expect(state.left).toBe(4);
    expect(failed).toHaveLength(14);
    expect(budget.isOver).toBe(true);
  });

  test('it ends before the registry refuses', async () => {
    const { state, pull } = lab({}, 5);
    await all(9, () => pull());
    expect([state.left, state.pulls]).toEqual([0, 5]);
  });

  test('only the first pull goes alone: it tells how many are left', async () => {
    const { state, pull } = lab({}, 100);
    await pull();
    expect(await all(30, () => pull())).toEqual([]);
    expect(state.most).toBe(30);
  });

  test('a registry without a limit is not held up', async () => {
    const { state, pull } = lab({ left: 50 });
    expect(await all(60, () => pull())).toEqual([]);
    expect(state.pulls).toBe(60);
  });
});

describe('a run that waits', () => {
  test('looks every five minutes until the registry allows more', async () => {
    const { state, waits, budget, pull } = lab({ onBudget: 'wait' }, 3);
    for (let i = 0; i < 7; i += 1) await pull();
    expect(state.pulls).toBe(7);
    expect(new Set(waits)).toEqual(new Set([300_000]));
    expect(state.time).toBeGreaterThanOrEqual(6 * HOUR);
    expect(budget.isOver).toBe(false);
  });

  test('one wait is for all', async () => {
    const { state, waits, pull } = lab({ onBudget: 'wait' }, 3);
    expect(await all(3, () => pull())).toEqual([]);
    expect(await all(3, () => pull())).toEqual([]);
    expect(state.pulls).toBe(6);
    expect(waits).toHaveLength(72);
  });

  test('--budget starts anew with the window', async () => {
    const { state, waits, pull } = lab({ onBudget: 'wait', pulls: 2 });
    for (let i = 0; i < 5; i += 1) await pull();
    expect(state.pulls).toBe(5);
    expect(waits).toEqual([6 * HOUR, 6 * HOUR]);
  });

  test("regsync's ratelimit waits for its source, whatever --on-budget says", async () => {
    const { state, waits, pull } = lab({}, 5);
    for (let i = 0; i < 6; i += 1) await pull({ left: 3, retryMs: HOUR });
    expect(state.pulls).toBe(6);
    expect(new Set(waits)).toEqual(new Set([HOUR]));
  });

  test('a refusal that nothing foretold is waited for, too', async () => {
    const { state, pull } = lab({ onBudget: 'wait' }, 2);
    await pull();
    // Somebody else pulls by the same address.
    state.left = 0;
    await pull();
    expect(state.pulls).toBe(2);
  });
});
