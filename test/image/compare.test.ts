import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareImages, type Comparison } from '../../src/image/compare.ts';
import { readable } from '../../src/image/tar/byte-text.ts';
import { openLayout } from './files/vectors.ts';

interface Expected {
  readonly id: string;
  readonly a: string;
  readonly b: string;
  readonly equal: boolean;
  readonly digests: readonly string[];
  readonly platforms: readonly {
    readonly platform: string;
    readonly only?: 'a' | 'b';
    readonly digests?: readonly string[];
    readonly config?: readonly { readonly pointer: string; readonly a: unknown }[];
    readonly layers?: {
      readonly same: number;
      readonly onlyA: readonly string[];
      readonly onlyB: readonly string[];
    };
    readonly files?: {
      readonly added: readonly { readonly type: string }[];
      readonly gone: readonly { readonly type: string }[];
      readonly changed: readonly { readonly what: readonly string[] }[];
    };
  }[];
}

const CASES = JSON.parse(
  readFileSync(new URL('../vectors/edit/diff.json', import.meta.url), 'utf8'),
) as readonly Expected[];

async function compare(a: string, b: string, isFast = false): Promise<Comparison> {
  const [nameA = '', tagA] = a.split(':');
  const [nameB = '', tagB] = b.split(':');
  await using left = await openLayout(`images/${nameA}`);
  await using right = await openLayout(`images/${nameB}`);
  return await compareImages({ store: left, ref: tagA }, { store: right, ref: tagB }, { isFast });
}

/** The shape of the recorded answers. */
function recorded({ platforms, isEqual, roots }: Comparison): Omit<Expected, 'id' | 'a' | 'b'> {
  const nul = (value: unknown): unknown => value ?? null;
  const type = (name: string): string => (name === 'directory' ? 'dir' : name);
  const byPath = <T extends { readonly path: string }>(list: readonly T[]): T[] =>
    // The recorded answers leave the root out.
    list.filter(({ path }) => path !== '').map((one) => ({ ...one, path: readable(one.path) }));
  return {
    equal: isEqual,
    digests: roots.map(({ digest }) => digest),
    platforms: platforms.map((one) =>
      one.only === undefined
        ? {
            platform: one.platform,
            digests: one.digests,
            config: one.config.map(({ pointer, a, b }) => ({ pointer, a: nul(a), b: nul(b) })),
            layers: {
              same: one.layers.same,
              onlyA: one.layers.onlyA.map(({ digest }) => digest),
              onlyB: one.layers.onlyB.map(({ digest }) => digest),
            },
            ...(one.files === undefined
              ? {}
              : {
                  files: {
                    added: byPath(one.files.added).map((each) => ({
                      ...each,
                      type: type(each.type),
                    })),
                    gone: byPath(one.files.gone).map((each) => ({
                      ...each,
                      type: type(each.type),
                    })),
                    changed: byPath(one.files.changed).map((each) => ({
                      ...each,
                      what: each.what.map((aspect) => (aspect === 'content' ? 'sha256' : aspect)),
                    })),
                  },
                }),
          }
        : { platform: one.platform, only: one.only },
    ),
  };
}

/** regctl leaves out the variant that an architecture implies. */
const plain = (platform: string): string => platform.replace('arm64/v8', 'arm64');

describe('compareImages', () => {
  it.each(CASES.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
    const found = recorded(await compare(one.a, one.b));
    const { equal, digests, platforms } = one;
    expect(found).toEqual({
      equal,
      digests,
      platforms: platforms.map((each) => ({ ...each, platform: plain(each.platform) })),
    });
  });

  it('reads no layer if the files are left out', async () => {
    const { platforms } = await compare('plain:base-1', 'plain:latest', true);
    expect(platforms).toEqual([expect.objectContaining({ files: undefined })]);
  });
});
