import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandPages } from '../../src/cli/man/markdown.ts';
import { withOutputFields } from '../../src/cli/args/output-fields.ts';
import { COMMAND_GROUPS } from '../../src/commands/index.ts';

const DIR = join(import.meta.dirname, '../../docs/commands');

it('docs/commands is what `npm run docs` writes', () => {
  const written = Object.fromEntries(
    readdirSync(DIR).map((file) => [file, readFileSync(join(DIR, file), 'utf8')]),
  );
  const pages = commandPages(COMMAND_GROUPS).map(({ file, text }) => [file, text] as const);
  expect(written).toEqual(Object.fromEntries(pages));
});

it('the fields of docs/reference/output.md are what `npm run docs` writes', () => {
  const page = readFileSync(join(DIR, '../reference/output.md'), 'utf8');
  expect(page).toBe(withOutputFields(page));
});
