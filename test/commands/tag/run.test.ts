import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/tag/run.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { makeImage } from '../../helpers/images.ts';
import { fakeContext, input, jsonOf, storeWith, textOf } from '../fake-context.ts';

async function setUp() {
  const image = await makeImage();
  const store = await storeWith({ v1: image });
  const context = fakeContext({ openWrite: async () => store });
  return {
    image,
    store,
    tag: (...args: string[]) => run(context, input(args), {}),
  };
}

const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error);

describe('tag', () => {
  it('sets bare tags and names in the same repository, each once', async () => {
    const { image, store, tag } = await setUp();
    const result = await tag('r.example/app:v1', '1.0', 'r.example/app:stable', '1.0', '1.0.0+b1');
    const { digest } = image.root;
    expect(jsonOf(result)).toEqual({
      Name: 'r.example/app',
      Digest: digest,
      Tags: ['1.0', 'stable', '1.0.0_b1'],
    });
    expect(textOf(result).split('\n')).toEqual([
      `r.example/app:1.0@${digest}`,
      `r.example/app:stable@${digest}`,
      `r.example/app:1.0.0_b1@${digest}`,
    ]);
    for (const ref of ['1.0', 'stable', '1.0.0_b1', 'v1'])
      expect((await store.resolve(ref)).digest).toBe(digest);
  });

  it.each([
    ['r.example/app:v1', 'other.example/app:v1'],
    ['r.example/app:v1', 'oci:out:v1'],
    ['r.example/app:v1', 'app:v1'],
    ['oci:out:v1', 'oci:elsewhere:v1'],
    ['oci:out:v1', 'docker://r.example/app:v1'],
  ])('names the copy line for a name elsewhere: %s %s', async (from, to) => {
    const { store, tag } = await setUp();
    const error = await failed(tag(from, 'v2', to));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect((error as AppError).hint).toMatch(/^Copy the image there: regctl copy \S+ \S+$/u);
    await expect(store.resolve('v2')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it.each(['r.example/app', `r.example/app@sha256:${'a'.repeat(64)}`])(
    'refuses %s, which has no tag',
    async (name) => {
      const { tag } = await setUp();
      expect(await failed(tag('r.example/app:v1', name))).toMatchObject({
        code: 'INVALID_REFERENCE',
      });
    },
  );

  it('takes full names as tags of a layout', async () => {
    const { image, store, tag } = await setUp();
    await tag('oci:out:v1', 'ghcr.io/o/app:v1', 'oci:out:v2');
    for (const ref of ['ghcr.io/o/app:v1', 'v2'])
      expect((await store.resolve(ref)).digest).toBe(image.root.digest);
  });

  it('fails if the image does not exist or a tag is missing', async () => {
    const { tag } = await setUp();
    expect(await failed(tag('r.example/app:none', 'v2'))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await failed(tag('r.example/app:v1'))).toMatchObject({ code: 'USAGE' });
  });
});
