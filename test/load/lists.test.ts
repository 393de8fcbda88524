import { afterAll, beforeAll, expect, it } from 'vitest';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { until } from '../helpers/until.ts';
import { FULL, newLab, tell, type Lab } from './lab.ts';

const NEWLINE = 10;

let lab: Lab;
beforeAll(async () => {
  lab = await newLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

interface Listing {
  readonly path: string;
  readonly key: 'tags' | 'repositories';
  readonly total: number;
  readonly page: number;
  readonly name: (i: number) => string;
  /** Awaited before the page that begins there is given. */
  readonly before?: (from: number) => Promise<void>;
}

/** A list as long as wanted, which no one holds in memory. */
const serve = ({ path, key, total, page, name, before }: Listing): Promise<ScriptedServer> =>
  startScriptedServer(async (request) => {
    const url = new URL(request.path, 'http://registry');
    if (url.pathname !== path) return undefined;
    const from = Number(url.searchParams.get('from') ?? 0);
    await before?.(from);
    const to = Math.min(from + page, total);
    const names = Array.from({ length: to - from }, (_, i) => name(from + i));
    const link = to < total ? { link: `<${path}?n=1000&from=${to}>; rel="next"` } : {};
    const headers = { 'content-type': 'application/json', ...link };
    return { status: 200, headers, body: JSON.stringify({ name: 'many', [key]: names }) };
  });

const padded = (i: number): string => String(i).padStart(7, '0');
const catalog: Listing = {
  path: '/v2/_catalog',
  key: 'repositories',
  total: 100_000,
  page: 1000,
  name: (i) => `team-${i % 100}/service-${padded(i)}`,
};

it('a catalog of 100,000 repositories comes in pages, complete and in flat memory', async () => {
  await using server = await serve(catalog);
  const text = await lab.regctl(['catalog', server.host]);
  tell('`catalog`, 100,000 repositories', text);
  const lines = text.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(catalog.total);
  expect(lines.every((line, i) => line === catalog.name(i))).toBe(true);
  expect(server.lines).toHaveLength(catalog.total / catalog.page);

  const json = await lab.regctl(['catalog', '-o', 'json', server.host]);
  tell('… as JSON', json);
  expect((JSON.parse(json.stdout) as { Repositories: string[] }).Repositories).toEqual(lines);
});

it('the first names of a long list cost the first page', async () => {
  await using server = await serve(catalog);
  const { stdout } = await lab.regctl(['catalog', '--limit', '10', server.host]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(10);
  expect(server.lines).toHaveLength(1);
});

it('tags beyond counting are printed as they come, and not kept', async () => {
  const total = FULL ? 1_000_000 : 200_000;
  const page = 10_000;
  const name = (i: number): string => `v1.${padded(i)}-alpine`;
  let printed = 0;
  // No page is given before the names of the last but one are printed.
  const before = (from: number): Promise<void> => until(() => printed >= from - page);
  await using server = await serve({
    path: '/v2/many/tags/list',
    key: 'tags',
    page,
    total,
    name,
    before,
  });
  const args = ['tags', '--command-timeout', '5m', `${server.host}/many`];
  const onStdout = (chunk: Buffer): void => {
    for (const byte of chunk) if (byte === NEWLINE) printed += 1;
  };
  const done = await lab.regctl(args, { onStdout });
  tell(`\`tags\`, ${total.toLocaleString('en')} tags in pages of 10,000`, done);
  expect(printed).toBe(total);
  expect(done.stdout.endsWith(`${name(total - 1)}\n`)).toBe(true);
});
