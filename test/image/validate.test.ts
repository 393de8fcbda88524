import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { validateImage, type Validation } from '../../src/image/validate.ts';
import { MALFORMED, openLayout } from './files/vectors.ts';

const IMAGES = new URL('../vectors/edit/images/', import.meta.url);

async function validate(layout: string, ref?: string): Promise<Validation> {
  await using store = await openLayout(layout);
  return await validateImage(store, ref);
}

const sound = readdirSync(IMAGES).flatMap((name) => {
  const index = JSON.parse(readFileSync(new URL(`${name}/index.json`, IMAGES), 'utf8')) as {
    manifests: readonly { digest: string; annotations?: Readonly<Record<string, string>> }[];
  };
  return index.manifests.map(
    ({ digest, annotations }) =>
      [
        `${name}:${annotations?.['org.opencontainers.image.ref.name'] ?? ''}`,
        name,
        digest,
      ] as const,
  );
});

/** Its layers cannot be told apart from damage: a whiteout and hard links that name nothing. */
const UNSOUND = new Set(['whiteouts:empty-name']);

describe('validateImage', () => {
  it.each(MALFORMED.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const { problems } = await validate(`malformed/${name}`);
    expect(problems.length > 0 ? 5 : 0, one.why).toBe(one.validate.exit);
  });

  it.each(sound.filter(([ref]) => !UNSOUND.has(ref)))(
    'finds nothing wrong with %s',
    async (_ref, name, digest) => {
      expect((await validate(`images/${name}`, digest)).problems).toEqual([]);
    },
  );

  it('goes on after a problem, and names the image that has it', async () => {
    const { problems, root } = await validate('malformed/missing-child');
    expect(problems).toEqual([
      expect.objectContaining({ code: 'MANIFEST_UNKNOWN', platform: 'linux/arm64' }),
    ]);
    expect(problems[0]?.digest).not.toBe(root.digest);
  });

  it('does not read layers if it is to be fast, and still sees that one is missing', async () => {
    await using store = await openLayout('malformed/missing-layer');
    const read: string[] = [];
    const source = {
      label: store.label,
      fetch: (descriptor: Parameters<typeof store.fetch>[0]) => {
        read.push(descriptor.digest);
        return store.fetch(descriptor);
      },
    };
    const { problems } = await validateImage(store, undefined, { isFast: true, source });
    expect(problems).toEqual([expect.objectContaining({ code: 'BLOB_UNKNOWN' })]);
    expect(read).toEqual([]);
  });
});
