import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { tempDir } from '../helpers/temp.ts';

const ROOT = join(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');
const read = (path: string): string => readFileSync(path, 'utf8');
const ENTRIES = readdirSync(SRC).filter((name) => name.endsWith('.ts'));

/** Functions, classes and constants that an entry exports, each with its file. */
const PUBLIC = ENTRIES.flatMap((entry) =>
  [...read(join(SRC, entry)).matchAll(/^export \{([^}]*)\} from '([^']+)'/gmu)].flatMap(
    ([, names = '', from = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ name, file: join(SRC, from) })),
  ),
).filter(({ name }, i, all) => all.findIndex((one) => one.name === name) === i);

/** The comment in front of a declaration, without its stars. */
function commentOf(text: string, declaration: RegExp): string {
  const at = declaration.exec(text)?.index ?? -1;
  const before = text.slice(0, at).trimEnd();
  if (at < 0 || !before.endsWith('*/')) return '';
  return before.slice(before.lastIndexOf('/**') + 3, -2).replaceAll(/^[ \t]*\* ?/gmu, '');
}

const exampleOf = (comment: string): string => comment.split('@example\n')[1]?.trim() ?? '';

const CLIENT = read(join(SRC, 'client/api/client.ts'));
const METHODS = [...CLIENT.matchAll(/^ {2}(\w+)\(/gmu)].map(([, name = '']) => name);

const EXAMPLES = new Map([
  ...PUBLIC.map(({ name, file }) => {
    const declaration = new RegExp(
      `^export (?:async )?(?:function\\*?|class|const) ${name}\\b`,
      'mu',
    );
    return [name, exampleOf(commentOf(read(file), declaration))] as const;
  }),
  ...METHODS.map((name) => {
    const text = exampleOf(commentOf(CLIENT, new RegExp(`^ {2}${name}\\(`, 'mu')));
    const [, imports = '', body = ''] = /^((?:import .*\n+)*)([^]*)$/u.exec(text) ?? [];
    const client = `import { createClient } from '@regctl/cli';\nawait using client = createClient();`;
    return [`client.${name}`, text === '' ? '' : `${imports}${client}\n${body}`] as const;
  }),
]);

it('every function, class and constant of the library has an example, and every call', () => {
  expect(EXAMPLES.size).toBeGreaterThan(60);
  expect([...EXAMPLES].filter(([, code]) => code === '').map(([name]) => name)).toEqual([]);
});

it('the examples compile under strict', async () => {
  await using dir = await tempDir();
  for (const [name, code] of EXAMPLES) await writeFile(dir.join(`${name}.ts`), `${code}\n`);
  await writeFile(dir.join('package.json'), '{"type":"module"}');
  await writeFile(
    dir.join('tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        noUnusedLocals: false,
        typeRoots: [join(ROOT, 'node_modules/@types')],
        paths: {
          '@regctl/cli': [join(SRC, 'index.ts')],
          '@regctl/cli/*': [join(SRC, '*.ts')],
        },
      },
      include: ['*.ts'],
    }),
  );
  const done = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', dir.path], { cwd: dir.path });
  expect(done.stdout).toBe('');
  expect(done.code).toBe(0);
});
