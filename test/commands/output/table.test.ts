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

it('the last column gives way first', () => {
  const columns = [
    { title: 'TAG', shrink: true },
    { title: 'DIGEST' },
    { title: 'PLATFORMS', shrink: true },
  ];
  const rows = [['release-candidate-1', '5af219f25e90', 'linux/amd64, linux/arm64']];
  const at = (width: number) =>
    renderTable(columns, rows, { ...PLAIN, terminal: true, width }).split('\n')[1];
  expect(at(50)).toBe('release-candidate-1  5af219f25e90  linux/amd64, l…');
  expect(at(40)).toBe('release-candid…  5af219f25e90  linux/am…');
});
