import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { formatGoDuration } from '../../src/sync/formats/duration.ts';
import { resolveRegsync } from '../../src/sync/formats/regsync-steps.ts';
import { readSkopeoDocument } from '../../src/sync/formats/skopeo.ts';
import { createExpand } from '../../src/sync/templates.ts';
import { parseYamlTree } from '../../src/util/text/yaml.ts';
import { tempDir } from '../helpers/temp.ts';
import { readVectors } from './vectors.ts';

interface ConfigCase {
  readonly file: string;
  readonly read?: unknown;
  readonly error?: string;
  readonly expected?: unknown;
  readonly undecided?: string;
}

interface Vectors {
  readonly cases: readonly ConfigCase[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

/** Where neither tool is right for regctl, or regctl is more careful. */
const DIFFERENT: readonly {
  readonly has: string;
  readonly why: string;
  readonly reads: boolean;
}[] = [
  {
    has: '- source: a\n  <<: *a',
    why: "a map's own key beats a merge, wherever it stands",
    reads: true,
  },
  { has: '<<: [*', why: 'YAML merges a list of maps', reads: true },
  { has: '---\nsync', why: 'a second document would be left out without a word', reads: false },
  { has: '---\nr: {', why: 'a second document would be left out without a word', reads: false },
];

const file = { name: 'sync.yml', warn: () => undefined };

const DURATIONS = new Set(['interval', 'retry', 'cacheTime', 'credExpire']);

/** As the recorder writes it: nothing empty, false or zero, and durations as Go prints them. */
function shown(value: unknown, key = ''): unknown {
  if (typeof value === 'number' && DURATIONS.has(key)) return formatGoDuration(value);
  if (Array.isArray(value)) return value.map((one) => shown(one));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => name !== 'line')
    .map(([name, one]) => [name, shown(one, name)] as const)
    .filter(([, one]) => key === 'annotations' || !isEmpty(one));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === false || value === 0 || value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

describe("what is read from regsync's files", () => {
  const { cases, env, files } = readVectors('pure/regsync-config.json') as Vectors;

  test.each(cases)('$file', async ({ file: text, read, error, expected }) => {
    await using folder = await tempDir();
    for (const [name, content] of Object.entries(files))
      await writeFile(folder.join(name), content);
    const expand = createExpand({ env, cwd: folder.path, now: () => new Date() });
    const reading = async (): Promise<unknown> => {
      const { document, creds, steps } = resolveRegsync(await parseYamlTree(text), file, {
        expand,
        own: false,
      });
      return shown({
        version: 1,
        creds,
        defaults: {
          ...document.defaults,
          ratelimit: { retry: 300_000, ...document.defaults?.ratelimit },
        },
        sync: steps.map(({ step }) => step),
      });
    };
    const other = DIFFERENT.find(({ has }) => text.includes(has));
    if (other !== undefined) {
      if (other.reads) await reading();
      else await expect(reading()).rejects.toThrow(Error);
      return;
    }
    if (expected === undefined && error !== undefined)
      await expect(reading()).rejects.toThrow(Error);
    else expect(await reading()).toEqual(withoutHooks(expected ?? read));
  });
});

/** They are not kept, as nobody runs them. */
function withoutHooks(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => (key === 'hooks' ? true : one)),
  ) as unknown;
}

describe("what is read from skopeo's files", () => {
  const { cases } = readVectors('pure/skopeo-config.json') as Vectors;

  test.each(cases)('$file', async ({ file: text, read, error, expected }) => {
    const reading = async (): Promise<unknown> => {
      const all = readSkopeoDocument(await parseYamlTree(text), file);
      return Object.fromEntries([...all].map(([name, { registry }]) => [name, without(registry)]));
    };
    const other = DIFFERENT.find(({ has }) => text.includes(has));
    if (other !== undefined && !other.reads) await expect(reading()).rejects.toThrow(Error);
    else if (expected === undefined && error !== undefined)
      await expect(reading()).rejects.toThrow(Error);
    else expect(await reading()).toEqual(withoutToken(expected ?? read));
  });
});

function without(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === 'line' || (key === 'credentials' && Object.keys(one as object).length < 2)
        ? undefined
        : one,
    ),
  ) as unknown;
}

function withoutToken(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === 'identitytoken' && one === '' ? undefined : one,
    ),
  ) as unknown;
}
