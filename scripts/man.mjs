// Writes the man pages to dist/man, from the table of commands. Run by `npm run build`.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/man');
const { COMMAND_GROUPS } = await import(join(ROOT, 'dist/commands/index.js'));
const { manPages } = await import(join(ROOT, 'dist/cli/man/pages.js'));

const pages = manPages(COMMAND_GROUPS);
await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await Promise.all(pages.map(({ file, text }) => writeFile(join(OUT, file), text)));
console.log(`dist/man: ${pages.length} pages`);
