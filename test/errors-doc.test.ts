import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT_STATUS } from '../src/errors/codes.ts';

it('docs/reference/errors.md names every code under its exit status', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/reference/errors.md'), 'utf8');
  const documented = new Map<string, number>();
  for (const line of text.split('\n')) {
    const status = /^\| (\d+) \|/.exec(line)?.[1];
    if (status === undefined) continue;
    for (const [, code] of line.matchAll(/`([A-Z_]+)`/g))
      documented.set(code ?? '', Number(status));
  }
  expect(Object.fromEntries(documented)).toEqual(EXIT_STATUS);
});
