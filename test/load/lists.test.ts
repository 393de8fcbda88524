import { afterAll, beforeAll, expect, it } from 'vitest';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { FULL, newLab, tell, type Lab } from './lab.ts';

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
}

/** A list as long as wanted, which no one holds in memory. */
const serve = ({ path, key, total, page, name }: Listing): Promise<ScriptedServer> =>
  startScriptedServer((request) => {
    const url = new URL(request.path, 'http://registry');
    if (url.pathname !== path) return undefined;
    const from = Number(url.searchParams.get('from') ?? 0);
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

it('tags beyond counting are listed in memory that does not grow', async () => {
  const total = FULL ? 1_000_000 : 200_000;
  const listing = { path: '/v2/many/tags/list', key: 'tags', page: 10_000 } as const;
  const name = (i: number): string => `v1.${padded(i)}-alpine`;
  const peak = async (count: number): Promise<number> => {
    await using server = await serve({ ...listing, total: count, name });
    const done = await lab.regctl(['tags', `${server.host}/many`]);
    tell(`\`tags\`, ${count.toLocaleString('en')} tags in pages of 10,000`, done);
    expect(done.stdout.trimEnd().split('\n')).toHaveLength(count);
    expect(done.stdout.endsWith(`${name(count - 1)}\n`)).toBe(true);
    return done.peakMb ?? 0;
  };
  const few = await peak(total / 10);
  // Ten times the tags are 2.5 to 14 MB more of text alone, if it were kept.
  expect(await peak(total)).toBeLessThanOrEqual(few + 40);
});
