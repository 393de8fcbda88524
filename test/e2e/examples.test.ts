import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.ts';
import { exampleWorld, plainWords, type ExampleWorld } from './examples.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Lines that need what this test does not start, or that do not end by themselves. */
const NOT_RUN: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/\b(?:rate-limit|search)\b|docker\.io\/bitnami|doctor .*docker\.io/u, "Docker Hub's own API"],
  [/\blog(?:in|out)\b/u, 'a login'],
  [/\b(?:serve(?!.* (?:check|gc))|ui|sync server)\b/u, 'runs until it is stopped'],
  [
    /\bdocker\b(?!-archive|\.io|:)|docker-daemon:|\bssh\b|\bkubectl\b|\bnpm\b|\bln\b/u,
    'a daemon or another machine',
  ],
  [/^regctl (?:pull [^ ]+|push [^ ]+|load -i [^ ]+)$/u, 'the Docker daemon'],
  [/--predicate - /u, 'standard input'],
  [/^skopeo/u, "a link with another tool's name"],
  [/--key\b|key-generate/u, 'a key and its signatures'],
  [/index add (?!.*riscv64)|unknown\/unknown/u, 'images that the index lacks'],
  [/version --check/u, "npm's registry"],
  [/serve gc/u, 'a registry on disk'],
  [/registry-set/u, 'a registry that answers at its name'],
  [/containers-storage:/u, 'the storage of podman'],
  [
    /registry\.corp|localhost:5000|example\.com:5000|\bSRC\b|\bIMAGE\b|\bREPOSITORY\b/u,
    'a placeholder',
  ],
];
const reasonNotRun = (line: string): string | undefined =>
  NOT_RUN.find(([pattern]) => pattern.test(line))?.[1];

interface Example {
  readonly line: string;
  /** What the page says that it prints, if it does. */
  readonly printed: readonly string[];
}

/** The `$ ` lines of console fences, each with the lines after it. */
function examplesOf(page: string): readonly Example[] {
  return [...page.matchAll(/^```console\n(.*?)^```/gmsu)].flatMap(([, fence = '']) => {
    const found: { line: string; printed: string[] }[] = [];
    for (const text of fence.split('\n')) {
      if (text.startsWith('$ ')) found.push({ line: text.slice(2), printed: [] });
      else if (text !== '') found.at(-1)?.printed.push(text);
    }
    return found;
  });
}

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map(
    (name) => `docs/${name.replaceAll('\\', '/')}`,
  ),
]
  .filter((name) => name.endsWith('.md') && !/^docs\/(?:api|node_modules)\//u.test(name))
  .map((name) => [name, examplesOf(readFileSync(join(ROOT, name), 'utf8'))] as const)
  .filter(([, examples]) => examples.some(({ line }) => reasonNotRun(line) === undefined));

const helped = COMMANDS.map(
  ({ name, examples }) =>
    [
      `regctl ${name} --help`,
      examples.map(({ command }) => ({ line: command, printed: [] })),
    ] as const,
).filter(([, examples]) => examples.some(({ line }) => reasonNotRun(line) === undefined));

/** Digests, numbers and dates differ from run to run, and columns with them. */
const shapeOf = (text: string): string =>
  text
    .replaceAll(/sha256:(?:[0-9a-f]{64}|…)/gu, 'sha256:D')
    .replaceAll(/\b[0-9a-f]{12}\b/gu, 'D')
    .replaceAll(/\d+ (?:days?|months?|years?)/gu, 'AGE')
    .replaceAll(/[\d.]+ (?:k|M)?B\b/gu, 'SIZE')
    .replaceAll(/\d+/gu, 'N')
    .replaceAll(/ +/gu, ' ')
    .trim();

/** Whether lines have the shape that a page shows; a line `…` stands for any number of them. */
function hasShape(said: readonly string[], printed: readonly string[]): boolean {
  const pattern = printed
    .map(shapeOf)
    .map((line) =>
      line === '…'
        ? '[^]*'
        : `${line.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`).replaceAll('…', '.*')}\n`,
    );
  return new RegExp(`^${pattern.join('')}$`, 'u').test(`${said.map(shapeOf).join('\n')}\n`);
}

describe.each([...pages, ...helped])('the examples of %s', (name, examples) => {
  let world: ExampleWorld;
  beforeAll(async () => {
    world = await exampleWorld(examples.map(({ line }) => line).join('\n'));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(examples.filter(({ line }) => reasonNotRun(line) === undefined))(
    '$line',
    async ({ line, printed }) => {
      // A page's lines build on each other; those of a help stand for themselves.
      if (name.endsWith('--help')) await world.reset(line);
      const done = await world.run(line);
      const result = done.stdout.trim().split('\n');
      const said = [...result, ...done.stderr.trim().split('\n')].filter((text) => text !== '');
      const shown = [result, said].some((lines) => hasShape(lines, printed));
      if (printed.length > 0 && !shown) expect(said).toEqual(printed);
      const fails = printed.some((text) => text.startsWith('error:'));
      expect(done.code === 0, `${String(done.code)} ${said.join('\n')}`).toBe(!fails);
    },
  );
});

/** Documents in the words of others: skopeo's, the registry's, the image's own. */
const OTHERS_FIELDS = /^(?:inspect|list-tags|config|manifest|registry-config)$/u;

/** The names of our fields in a result. */
function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(/^[A-Z]/u.test(name) ? [name] : []),
    ...fieldsOf(inner),
  ]);
}

/** The rows of docs/reference/output.md by command: the fields that they name. */
function documentedFields(): ReadonlyMap<string, string> {
  const page = readFileSync(join(ROOT, 'docs/reference/output.md'), 'utf8');
  const rows = new Map<string, string>();
  for (const [, names = '', text = ''] of page.matchAll(/^\| (`[^|]+`) \| (.+) \|$/gmu)) {
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/gu)) {
      const command = name.split(' --')[0] ?? name;
      rows.set(command, `${rows.get(command) ?? ''} ${text}`);
    }
  }
  for (const name of ['pull', 'push']) rows.set(name, rows.get('copy') ?? '');
  return rows;
}

describe('docs/reference/output.md names the fields of', () => {
  const rows = documentedFields();
  const lines = helped.flatMap(([, examples]) => examples.map(({ line }) => line));
  let world: ExampleWorld;
  beforeAll(async () => {
    world = await exampleWorld(lines.join('\n'));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(lines.filter((line) => reasonNotRun(line) === undefined))('%s', async (line) => {
    const words = plainWords(line)?.slice(1);
    if (words === undefined || words.includes('-o')) return;
    await world.reset(line);
    const done = await world.run(`regctl -o json ${words.map((word) => `'${word}'`).join(' ')}`);
    if (done.code !== 0) {
      // Earlier lines may have to come first; a command that prints bytes has no fields.
      expect(done.stdout).toMatch(/"(?:USAGE|[A-Z_]+)"/u);
      return;
    }
    const [name = '', next = ''] = words;
    const row = rows.get(`${name} ${next}`) ?? rows.get(name);
    if (OTHERS_FIELDS.test(name)) return;
    const missing = [...new Set(fieldsOf(JSON.parse(done.stdout)))].filter(
      (field) => row?.includes(`\`${field}\``) !== true,
    );
    expect(missing, `${name}: ${row ?? 'no row'}`).toEqual([]);
  });
});

it('takes simple lines apart as a shell does', () => {
  expect(plainWords(`regctl tags a --semver "^1 2" 'b c'  # why`)).toEqual([
    'regctl',
    'tags',
    'a',
    '--semver',
    '^1 2',
    'b c',
  ]);
  expect(plainWords('regctl blob a > f')).toBeUndefined();
  expect(plainWords('regctl sync a/{b,c} d')).toBeUndefined();
});
