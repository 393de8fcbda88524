import { expect, it } from 'vitest';
import { renderTable } from '../../../src/commands/output/table.ts';
import { displayWidth } from '../../../src/commands/output/width.ts';
import { PLAIN } from '../fake-context.ts';

it('a table gives way on a terminal alone', () => {
  const columns = [
    { title: 'NAME', shrink: true },
    { title: 'N', align: 'right' as const },
  ];
  const rows = [
    ['x'.repeat(50), '7'],
    ['日本', '10'],
  ];
  const narrow = renderTable(columns, rows, { ...PLAIN, terminal: true, width: 20 });
  expect(narrow.split('\n').map(displayWidth)).toEqual([20, 20, 20]);
  expect(renderTable(columns, rows, { ...PLAIN, width: 20 })).toContain('x'.repeat(50));
});
