import { describe, expect, it } from 'vitest';
import { run as search } from '../../../src/commands/search/run.ts';
import { fakeContext, input, PLAIN, textOf, jsonOf } from '../fake-context.ts';
import { answering } from '../answering.ts';

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
