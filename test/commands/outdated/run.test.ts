import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/outdated/run.ts';
import { makeImage } from '../../helpers/images.ts';
import { fakeContext, input, jsonOf, storeWith, textOf } from '../fake-context.ts';

async function setUp() {
  const [old, now, next] = await Promise.all([makeImage(), makeImage(), makeImage()]);
  const store = await storeWith({
    '1.27.1-alpine': old,
    '1.27.3-alpine': now,
    '1.27-alpine': now,
    '1.27.9': next,
    alpine: now,
    latest: now,
    '2.0.0-alpine': next,
    '2.1.0-rc.1-alpine': next,
  });
  const asked: string[] = [];
  const context = fakeContext({
    openRead: async () => ({
      ...store,
      resolve: async (ref, options) => {
        asked.push(ref ?? '');
        return store.resolve(ref, options);
      },
    }),
  });
  const outdated = (images: readonly string[], options = {}) =>
    run(
      context,
      input(
        images.map((one) => `r.example/app:${one}`),
        options,
      ),
      {},
    );
  return { outdated, asked };
}

describe('outdated', () => {
  it('names the newest of the same kind within the major, and beyond with --major', async () => {
    const { outdated } = await setUp();
    expect(jsonOf(await outdated(['1.27.1-alpine']))).toMatchObject([
      {
        Image: 'r.example/app:1.27.1-alpine',
        Same: [],
        Version: '1.27.1-alpine',
        NewestInMajor: '1.27.3-alpine',
        Newest: '2.0.0-alpine',
        Outdated: true,
      },
    ]);
    expect(textOf(await outdated(['1.27.1-alpine']))).toMatch(/ 1\.27\.3-alpine$/mu);
    expect(textOf(await outdated(['1.27.1-alpine'], { major: true }))).toMatch(
      / 2\.0\.0-alpine$/mu,
    );
  });

  it('says what a moving tag means now, by the most exact version of its digest', async () => {
    const { outdated } = await setUp();
    const [report] = jsonOf(await outdated(['latest'])) as [
      { Same: string[]; Version: string; Outdated: boolean },
    ];
    expect(report.Same.toSorted()).toEqual(['1.27-alpine', '1.27.3-alpine', 'alpine']);
    expect(report).toMatchObject({ Version: '1.27.3-alpine', Outdated: false });
  });

  it('--check is exit 3 when anything is outdated, and only then', async () => {
    const { outdated } = await setUp();
    const exitOf = async (image: string, options = {}) =>
      (await outdated([image], { check: true, ...options })).exit;
    expect(await exitOf('1.27.1-alpine')).toBe(3);
    expect(await exitOf('1.27.3-alpine')).toBe(0);
    expect(await exitOf('1.27.3-alpine', { major: true })).toBe(3);
  });

  it('lists a repository once, and looks at each tag once an image', async () => {
    const { outdated, asked } = await setUp();
    await outdated(['1.27.1-alpine']);
    expect(asked.toSorted()).toEqual(
      [
        '1.27.1-alpine',
        '1.27-alpine',
        '1.27.3-alpine',
        '1.27.9',
        '2.0.0-alpine',
        '2.1.0-rc.1-alpine',
        'alpine',
        'latest',
      ].toSorted(),
    );
  });

  it('a digest never gets newer, and nothing to look at is a usage error', async () => {
    const context = fakeContext();
    const digest = `r.example/app@sha256:${'0'.repeat(64)}`;
    await expect(run(context, input([digest]), {})).rejects.toMatchObject({ exitStatus: 64 });
    await expect(run(context, input([]), {})).rejects.toMatchObject({ exitStatus: 64 });
  });
});
