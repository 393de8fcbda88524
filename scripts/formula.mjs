// Fills in Homebrew's formula: node scripts/formula.mjs CHECKSUMS OWNER/NAME VERSION
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const [checksums, repository, version] = process.argv.slice(2);
const lines = (await readFile(checksums, 'utf8')).trim().split('\n');
const values = new Map([
  ['REPOSITORY', repository],
  ['VERSION', version],
  ...lines.map((line) => line.split(/ +\*?/u).toReversed()),
]);
const template = await readFile(join(import.meta.dirname, '../packaging/regctl.rb'), 'utf8');
const formula = template.replaceAll(/\{\{([^}]+)\}\}/gu, (_, name) => {
  const value = values.get(name);
  if (value === undefined) throw new Error(`${checksums} has no ${name}`);
  return value;
});
process.stdout.write(formula);
