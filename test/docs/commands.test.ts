import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandPages } from '../../src/cli/man/markdown.ts';
import { COMMAND_GROUPS } from '../../src/commands/index.ts';

const DIR = join(import.meta.dirname, '../../docs/commands');

it('docs/commands is what `npm run docs` writes', () => {
  const written = Object.fromEntries(
    readdirSync(DIR).map((file) => [file, readFileSync(join(DIR, file), 'utf8')]),
  );
  const pages = commandPages(COMMAND_GROUPS).map(({ file, text }) => [file, text] as const);
  expect(written).toEqual(Object.fromEntries(pages));
});
