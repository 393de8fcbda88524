import { describe, expect, it } from 'vitest';
import { run as catalog } from '../../src/commands/catalog/run.ts';
import { run as search } from '../../src/commands/search/run.ts';
import type { Context } from '../../src/commands/context.ts';
import type { HttpClient } from '../../src/http/types.ts';
import { fakeContext, input, linesOf, PLAIN, textOf, jsonOf, printed } from './fake-context.ts';

function answering(body: unknown, urls: string[] = []): HttpClient {
  return async (request) => {
    urls.push(request.url.href);
    expect(request.auth).toBeUndefined();
    return {
      status: 200,
      headers: { get: () => undefined, all: () => [], names: () => [] },
      url: request.url,
      body: (async function* () {
        yield Buffer.from(JSON.stringify(body));
      })(),
      discard: async () => undefined,
    };
  };
}

const FOUND = {
  num_pages: 1,
  results: [
    { name: 'redis', description: 'a\nstore', star_count: 13_000, is_official: true },
    { name: 'x/redis', description: `\u001b[31m${'long '.repeat(30)}`, star_count: 3 },
  ],
};

describe('search', () => {
  const find = (options: Parameters<typeof input>[1] = {}): ReturnType<typeof search> =>
    search(fakeContext({ http: async () => answering(FOUND) }), input(['redis'], options), {});

  it('is a table with descriptions cut and made safe', async () => {
    const lines = textOf(await find()).split('\n');
    expect(lines[0]).toMatch(/^NAME +DESCRIPTION +STARS +OFFICIAL$/u);
    expect(lines[1]).toMatch(/^redis +a store +13000 +\[OK\]$/u);
    expect(lines[2]).toContain('\\x1b[31mlong');
    expect(lines[2]).toContain('…');
    expect(
      textOf(await find({ noTrunc: true }), { ...PLAIN, terminal: true, width: 40 }),
    ).toContain('long '.repeat(29));
  });

  it('filters', async () => {
    const names = async (filter: string[]): Promise<string[]> =>
      (jsonOf(await find({ filter })) as { Name: string }[]).map((one) => one.Name);
    expect(await names(['is-official=true'])).toEqual(['redis']);
    expect(await names(['is-official=false', 'stars=2'])).toEqual(['x/redis']);
    for (const filter of ['stars=many', 'is-official=perhaps', 'is-automated=true', '']) {
      await expect(names([filter])).rejects.toMatchObject({ code: 'USAGE' });
    }
  });
});

describe('catalog', () => {
  function withCatalog(pages: readonly (readonly string[])[]): {
    context: Context;
    asked: string[];
  } {
    const asked: string[] = [];
    const unexpected = (): never => {
      throw new Error('Unexpected call');
    };
    const context = fakeContext({
      registry: async () => ({
        repository: unexpected,
        ping: unexpected,
        async *catalog(registry) {
          asked.push(registry);
          yield* pages;
        },
      }),
    });
    return { context, asked };
  }
  const pages = [
    ['a', 'team/x', 'team'],
    ['teammate/y', 'team/z'],
  ];

  it('streams the repositories of a registry, however it is written', async () => {
    for (const name of ['r.example', 'https://r.example/', 'docker://r.example', 'r.example/v2/']) {
      const { context, asked } = withCatalog(pages);
      expect(await linesOf(await catalog(context, input([name]), {}))).toEqual(pages.flat());
      expect(asked).toEqual(['r.example']);
    }
  });

  it('of a namespace lists that alone, and stops at the limit', async () => {
    const { context } = withCatalog(pages);
    const result = await catalog(context, input(['r.example/team'], { exclude: ['z$'] }), {});
    expect(await linesOf(result)).toEqual(['team/x', 'team']);
    const limited = await catalog(context, input(['r.example'], { limit: 1 }), {});
    expect(JSON.parse(await printed(limited, 'json'))).toEqual({ Repositories: ['a'] });
  });

  it("docker.io/NAMESPACE asks Docker Hub's own API", async () => {
    const urls: string[] = [];
    const body = { next: null, results: [{ name: 'redis', namespace: 'bitnami' }] };
    const context = fakeContext({ http: async () => answering(body, urls) });
    expect(await linesOf(await catalog(context, input(['docker.io/bitnami']), {}))).toEqual([
      'bitnami/redis',
    ]);
    expect(urls[0]).toMatch(/^https:\/\/hub\.docker\.com\/v2\/namespaces\/bitnami\//u);
  });

  it('refuses what is neither', async () => {
    for (const name of ['docker.io/a/b', 'r.example/../x', 'r.example/UPPER']) {
      await expect(catalog(fakeContext(), input([name]), {})).rejects.toMatchObject({
        code: 'INVALID_REFERENCE',
      });
    }
  });
});
