import { describe, expect, it } from 'vitest';
import { MAX_PAGE_ENTRIES } from '../../../src/registry/lists/pages.ts';
import type { Reply } from '../../helpers/scripted-server.ts';
import { SECRET, listAll, startRegistry } from '../harness.ts';

const page = (tags: unknown, link?: string | string[]): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...(link === undefined ? {} : { link }) },
  body: JSON.stringify({ name: 'a/b', tags }),
});
const FIRST = `GET /v2/a/b/tags/list?n=${MAX_PAGE_ENTRIES}`;

describe('tags', () => {
  it.each<[string, string]>([
    ['absolute path', '</v2/a/b/tags/list?n=2&last=t2>; rel="next"'],
    ['query only', '<?n=2&last=t2>; rel=next'],
    ['other links first', '</x>; rel="prev", </v2/a/b/tags/list?n=2&last=t2>;rel="next"'],
    ['another origin', '<https://evil.example/v2/a/b/tags/list?n=2&last=t2>; rel="next"'],
    ['a lost path prefix', '</b/tags/list?n=2&last=t2>; rel="next"'],
  ])('follow a Link with %s', async (_name, link) => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? page(['t1', 't2'], link) : page(['t3']),
    );
    expect(await listAll(at.repository().tags())).toEqual(['t1', 't2', 't3']);
    expect(at.server.lines).toEqual([FIRST, 'GET /v2/a/b/tags/list?n=2&last=t2']);
    expect(at.server.requests[1]?.headers.authorization).toBe(SECRET);
    expect(at.scopes).toEqual(['repository:a/b:pull', 'repository:a/b:pull']);
  });

  it('arrive page by page', async () => {
    await using at = await startRegistry((_request, count) =>
      page([`t${count}`], `<?last=t${count}>; rel="next"`),
    );
    for await (const tags of at.repository().tags()) {
      expect(tags).toEqual(['t1']);
      break;
    }
    expect(at.server.lines).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['empty', []],
  ])('are none when the list is %s', async (_name, tags) => {
    await using at = await startRegistry(() => page(tags));
    expect(await listAll(at.repository().tags())).toEqual([]);
  });

  it('leave out nulls, digests and what is no tag', async () => {
    const bad = 'x\u001b[2J';
    await using at = await startRegistry(() =>
      page(['ok', null, `sha256:${'a'.repeat(64)}`, bad, 7, 'a/b']),
    );
    expect(await listAll(at.repository().tags())).toEqual(['ok']);
    expect(at.warnings).toEqual([
      'reg.example/a/b: left out 2 names that are not valid tags, such as "x\\x1b[2J"',
    ]);
  });

  it('ask without n where the number is refused', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1
        ? { status: 400, body: '{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}' }
        : page(['t1']),
    );
    expect(await listAll(at.repository().tags({ pageSize: 5 }))).toEqual(['t1']);
    expect(at.server.lines).toEqual(['GET /v2/a/b/tags/list?n=5', 'GET /v2/a/b/tags/list']);
  });

  it.each<[string, Reply, string]>([
    ['404', { status: 404 }, 'REPOSITORY_UNKNOWN'],
    ['401', { status: 401 }, 'UNAUTHORIZED'],
    [
      'HTML',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'NOT_A_REGISTRY',
    ],
    ['no list', page('x'), 'REGISTRY_ERROR'],
    ['no JSON', { status: 200, body: 'ok' }, 'REGISTRY_ERROR'],
  ])('fail on %s', async (_name, reply, code) => {
    await using at = await startRegistry(() => reply);
    await expect(listAll(at.repository().tags())).rejects.toMatchObject({ code });
  });
});

const next = (last: string): string => `<?last=${last}>; rel="next"`;

describe('a listing ends', () => {
  it.each<[string, (count: number) => Reply, number]>([
    ['when every page is the same', () => page(['a', 'z'], next('z')), 2],
    ['when pages run in a circle', (count) => page([`t${count}`], next(`c${count % 2}`)), 3],
    [
      'when the cursor stands still',
      (count) => page([`t${count}`], `<?last=z&x=${count}>; rel="next"`),
      2,
    ],
    [
      'when the first page links to itself',
      () => page(['a'], `<?n=${MAX_PAGE_ENTRIES}>; rel="next"`),
      1,
    ],
    ['when nothing but empty pages comes', (count) => page([], next(`c${count}`)), 100],
  ])('%s', async (_name, reply, requests) => {
    await using at = await startRegistry((_request, count) => reply(count));
    await expect(listAll(at.repository().tags())).rejects.toMatchObject({
      code: 'PAGINATION_LOOP',
    });
    expect(at.server.lines).toHaveLength(requests);
  });

  it('quietly at an empty page that links to itself', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? page(['a'], next('a')) : page(null, next('a')),
    );
    expect(await listAll(at.repository().tags())).toEqual(['a']);
  });

  it('but an empty page may have a successor', async () => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? page([], next('a')) : page(['b']),
    );
    expect(await listAll(at.repository().tags())).toEqual(['b']);
  });

  it('at an empty target', async () => {
    await using at = await startRegistry(() => page(['a'], '<>; rel="next"'));
    expect(await listAll(at.repository().tags())).toEqual(['a']);
  });

  it('when a page is endless', async () => {
    await using at = await startRegistry(() => (_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.on('drain', pump);
      pump();
    });
    await expect(listAll(at.repository().tags())).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });
});

describe('catalog', () => {
  it('lists repositories with its own scope', async () => {
    await using at = await startRegistry(() => ({
      status: 200,
      body: '{"repositories":["a/b",null,"c","x\\u001b"]}',
    }));
    expect(await listAll(at.client.catalog('reg.example'))).toEqual(['a/b', 'c']);
    expect(at.server.lines).toEqual([`GET /v2/_catalog?n=${MAX_PAGE_ENTRIES}`]);
    expect(at.scopes).toEqual(['registry:catalog:*']);
  });

  it.each<[string, number, string, string]>([
    ['docker.io', 401, 'UNSUPPORTED', 'regctl search'],
    ['ghcr.io', 403, 'UNSUPPORTED', 'gh api'],
    ['reg.example', 404, 'UNSUPPORTED', 'does not list'],
    ['reg.example', 405, 'UNSUPPORTED', 'does not list'],
    ['reg.example', 401, 'UNAUTHORIZED', 'login'],
    ['ghcr.io.evil.example', 403, 'FORBIDDEN', 'login'],
  ])('of %s answering %i is %s', async (registry, status, code, hint) => {
    await using at = await startRegistry(() => ({ status }));
    await expect(listAll(at.client.catalog(registry))).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint) as string,
    });
  });
});
