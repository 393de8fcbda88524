import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.ts';
import type { CommandSpec } from '../../src/commands/types.ts';

const ROOM = join(import.meta.dirname, '../../src/commands');

const textsOf = (pattern: string): string =>
  globSync(pattern, { cwd: ROOM })
    .filter((file) => !/(?:^|\/)[\w-]*spec\.ts$/u.test(file))
    .map((file) => readFileSync(join(ROOM, file), 'utf8'))
    .join('\n');

/** What several commands read their options with. */
const SHARED = textsOf('{input,transfer}/*.ts');

/** "-n, --no-tags" as handlers read it: "noTags". */
function keyOf(flags: string): string {
  const name = /--([\w-]+)/u.exec(flags)?.[1] ?? flags;
  return name.replaceAll(/-(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

const optionsOf = ({ options }: CommandSpec): string[] =>
  options.filter(({ hidden }) => hidden !== true).map(({ flags }) => keyOf(flags));

/** Hidden ones may be taken for the sake of other programs' scripts, and do nothing. */
const SPECS = COMMANDS.filter((spec) => optionsOf(spec).length > 0);

describe.each(SPECS.map((spec) => [spec.name, spec] as const))('options of %s', (name, spec) => {
  const folder =
    name === 'list-tags' ? 'tags' : `{${name.split(/[ -]/u)[0]},${name.replace(' ', '-')}}`;
  const own = textsOf(`${folder}/**/*.ts`);
  it.each(optionsOf(spec))('%s is read', (key) => {
    expect(`${own}\n${SHARED}`).toMatch(new RegExp(`['"]${key}['"]|options\\.${key}\\b`, 'u'));
  });
});
