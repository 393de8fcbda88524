import { expect, it } from 'vitest';
import { displayWidth, truncate } from '../../../src/commands/output/width.ts';

it('widths of wide and of combining characters', () => {
  expect([displayWidth('日本'), displayWidth('e\u0301'), displayWidth('🐳')]).toEqual([4, 1, 2]);
  expect(displayWidth(truncate('日本語テキスト', 6))).toBeLessThanOrEqual(6);
  expect(truncate('short', 5)).toBe('short');
});
