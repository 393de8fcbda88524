import { describe, expect, it } from 'vitest';
import { run as catalog } from '../../../src/commands/catalog/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import { fakeContext, input, linesOf, printed } from '../fake-context.ts';
import { answering } from '../answering.ts';

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
