import { expect, it } from 'vitest';
import { formatDuration } from '../../../src/cli/args/duration.ts';

it('a duration is printed in the one or two largest units', () => {
  expect([0, 0.2, 400, 59_000, 125_000, 3_720_000].map(formatDuration)).toEqual([
    '0s',
    '0s',
    '400ms',
    '59s',
    '2m05s',
    '1h02m',
  ]);
});
