import { expect, it } from 'vitest';
import { bar } from '../../../src/commands/inspect/page.ts';

it('bars show whatever is not empty and never overflow', () => {
  expect(bar(0, 8)).toBe('');
  expect(bar(1e-9, 8)).toBe('▏');
  expect(bar(1, 8)).toBe('████████');
  expect(bar(5, 8)).toBe('████████');
});
