import { describe, expect, it } from 'vitest';
import { createTokenCache, type TokenCache } from '../../../src/http/auth/token-cache.ts';
import type { TokenOwner } from '../../../src/http/auth/token-store.ts';

const OWNER: TokenOwner = {
  registry: 'r.example',
  origin: 'https://r.example',
  realm: 'https://r.example/token',
  service: 'reg',
  identity: 'fingerprint-of-a-login',
  persistent: true,
};
const pull = (name: string): string => `repository:${name}:pull`;

/** Each token that is looked at costs a look at the clock. */
function counting(): { cache: TokenCache; steps: () => number; at: { now: number } } {
  const at = { now: 0 };
  let steps = 0;
  const cache = createTokenCache(() => {
    steps += 1;
    return at.now;
  });
  return {
    cache,
    at,
    steps: () => {
      const taken = steps;
      steps = 0;
      return taken;
    },
  };
}

const put = (cache: TokenCache, name: string, renewAt = 60_000): Promise<unknown> =>
  cache.fetch(OWNER, [pull(name)], async () => ({ value: `token of ${name}`, renewAt }));

describe('tokens of many repositories', () => {
  it('take as many steps for the last as for the first', async () => {
    const { cache, steps } = counting();
    for (let i = 0; i < 2000; i += 1) {
      expect(cache.find(OWNER, [pull(`r${i}`)])).toBeUndefined();
      await put(cache, `r${i}`);
      cache.accept(OWNER, `token of r${i}`);
      expect(cache.find(OWNER, [pull(`r${i}`)])?.value).toBe(`token of r${i}`);
      expect(steps()).toBeLessThan(5);
    }
  });

  it('are dropped when they have expired, without being asked for', async () => {
    const { cache, at } = counting();
    await put(cache, 'a', 10);
    await put(cache, 'b', 1000);
    at.now = 100;
    await put(cache, 'c', 1000);
    expect(['a', 'b', 'c'].map((name) => cache.find(OWNER, [pull(name)])?.value)).toEqual([
      undefined,
      'token of b',
      'token of c',
    ]);
  });

  it('serve narrower scopes, of each repository that they are for', async () => {
    const { cache } = counting();
    const wide = ['repository:a:pull,push', pull('b')];
    await cache.fetch(OWNER, wide, async () => ({ value: 'wide', renewAt: 1000 }));
    const values = [
      [pull('a')],
      [pull('b')],
      [pull('b'), pull('a')],
      ['repository:b:push'],
      [],
    ].map((scopes) => cache.find(OWNER, scopes)?.value);
    expect(values).toEqual(['wide', 'wide', 'wide', undefined, undefined]);
    cache.drop('wide');
    expect(cache.find(OWNER, [pull('a')])).toBeUndefined();
  });
});
