// Writes docs/commands from the table of commands, and the fields in docs/reference/output.md:
// `npm run docs`, after `npm run build`.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'docs/commands');
const { COMMAND_GROUPS } = await import(join(ROOT, 'dist/commands/index.js'));
const { commandPages } = await import(join(ROOT, 'dist/cli/man/markdown.js'));

const pages = commandPages(COMMAND_GROUPS);
await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await Promise.all(pages.map(({ file, text }) => writeFile(join(OUT, file), text)));
const OUTPUT = join(ROOT, 'docs/reference/output.md');
const { withOutputFields } = await import(join(ROOT, 'dist/cli/args/output-fields.js'));
await writeFile(OUTPUT, withOutputFields(await readFile(OUTPUT, 'utf8')));
console.log(`docs/commands: ${pages.length} pages`);
