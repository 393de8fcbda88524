import { describe, expect, it } from 'vitest';
import { parseRawHeaders } from '../../../src/http/headers.ts';
import { searchHub } from '../../../src/registry/hub/search.ts';
import { listHubRepositories } from '../../../src/registry/hub/repositories.ts';
import { parseRateLimit } from '../../../src/registry/hub/pull-limit.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import { listAll, plainClient } from '../harness.ts';

const result = (name: string, stars: number, official = false) => ({
  name,
  description: `about ${name}`,
  star_count: stars,
  pull_count: 1,
  is_official: official,
  is_automated: false,
});

describe('searchHub', () => {
  it('asks anonymously for as much as is wanted', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      body: JSON.stringify({ num_pages: 9, results: [result('nginx', 7, true)] }),
    }));
    const baseUrl = new URL(server.origin);
    const found = await searchHub(plainClient, { term: 'library/ng inx', limit: 1, baseUrl });
    expect(found).toEqual([
      { name: 'nginx', description: 'about nginx', stars: 7, pulls: 1, official: true },
    ]);
    expect(server.lines).toEqual(['GET /v1/search?q=ng+inx&n=1&page=1']);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('filters over as many pages as it takes', async () => {
    await using server = await startScriptedServer((_request, count) => ({
      status: 200,
      body: JSON.stringify({
        num_pages: 3,
        results: [result(`a${count}`, count), result(`b${count}`, 50, true)],
      }),
    }));
    const baseUrl = new URL(server.origin);
    const filters = { official: true, stars: 10 };
    const found = await searchHub(plainClient, { term: 'x', limit: 2, filters, baseUrl });
    expect(found.map((one) => one.name)).toEqual(['b1', 'b2']);
    expect(server.lines).toEqual([
      'GET /v1/search?q=x&n=100&page=1',
      'GET /v1/search?q=x&n=100&page=2',
    ]);
  });

  it('passes on why Docker Hub refused', async () => {
    await using server = await startScriptedServer(() => ({
      status: 429,
      body: '{"detail":"Rate limit exceeded"}',
    }));
    await expect(
      searchHub(plainClient, { term: 'x', baseUrl: new URL(server.origin) }),
    ).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      why: ['HTTP 429', 'the registry says "Rate limit exceeded"'],
    });
  });
});

describe('listHubRepositories', () => {
  it('pages by number, whatever `next` says', async () => {
    await using server = await startScriptedServer((_request, count) => ({
      status: 200,
      body: JSON.stringify({
        next: count === 1 ? 'https://evil.example/' : null,
        results: [
          { name: `r${count}`, namespace: 'ns', star_count: 2, last_updated: '2024-01-01' },
        ],
      }),
    }));
    const pages = listHubRepositories(plainClient, 'ns', { baseUrl: new URL(server.origin) });
    const found = await listAll(pages);
    expect(found.map((one) => one.name)).toEqual(['r1', 'r2']);
    expect(server.lines).toEqual([
      'GET /v2/namespaces/ns/repositories?page=1&page_size=100&ordering=-last_updated',
      'GET /v2/namespaces/ns/repositories?page=2&page_size=100&ordering=-last_updated',
    ]);
  });
});

const parse = (record: Record<string, string>) =>
  parseRateLimit(parseRawHeaders(Object.entries(record).flat()));

describe('parseRateLimit', () => {
  it('reads Docker Hub’s form', () => {
    expect(
      parse({
        'RateLimit-Limit': '100;w=21600',
        'ratelimit-remaining': '20;w=21600',
        'docker-ratelimit-source': '192.0.2.1',
      }),
    ).toEqual({
      limit: 100,
      remaining: 20,
      windowSeconds: 21_600,
      resetSeconds: undefined,
      source: '192.0.2.1',
    });
  });

  it.each<Record<string, string>>([{}, { 'ratelimit-limit': 'many' }])(
    'takes %j for no limit',
    (headers) => {
      expect(parse(headers)).toBeUndefined();
    },
  );

  it.each<[string, Record<string, string>, object]>([
    ['a plain number', { 'ratelimit-limit': '100' }, { limit: 100, windowSeconds: undefined }],
    [
      'the scarcest of several windows',
      {
        'ratelimit-limit': '100;w=21600, 200;w=86400',
        'ratelimit-remaining': '90;w=21600, 3;w=86400',
      },
      { limit: 200, remaining: 3, windowSeconds: 86_400 },
    ],
    [
      'a window in a later entry',
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '5', 'ratelimit-reset': '30' },
      { limit: 100, remaining: 5, windowSeconds: 60, resetSeconds: 30 },
    ],
  ])('reads %s', (_name, headers, expected) => {
    expect(parse(headers)).toMatchObject(expected);
  });
});
