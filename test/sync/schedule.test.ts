import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../src/sync/schedule.ts';
import { readVectors } from './vectors.ts';

interface Case {
  readonly schedule: string;
  readonly next?: readonly string[];
  readonly error?: string;
}

const { cases, from } = readVectors('pure/schedule.json') as {
  cases: readonly Case[];
  from: string;
};

describe('schedules as regsync takes them', () => {
  test.each(cases)('"$schedule"', async ({ schedule, next, error }) => {
    if (error !== undefined) {
      await expect(parseSchedule(schedule, 'UTC')).rejects.toThrow(Error);
      return;
    }
    const read = await parseSchedule(schedule, 'UTC');
    const times: string[] = [];
    let at: Date | undefined = new Date(from);
    while (times.length < 3) {
      at = read.next(at);
      if (at === undefined) break;
      times.push(at.toISOString().replace('.000Z', 'Z'));
    }
    expect(times).toEqual(next);
  });
});
