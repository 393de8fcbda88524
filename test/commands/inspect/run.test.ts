import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/inspect/run.ts';
import { displayWidth } from '../../../src/commands/output/width.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { Result } from '../../../src/commands/result.ts';
import type { Input } from '../../../src/commands/types.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { makeImage, makeIndex, type TestImage } from '../../helpers/images.ts';
import {
  bytesOfResult,
  fakeContext,
  input,
  PLAIN,
  storeWith,
  textOf,
  jsonOf,
} from '../fake-context.ts';

async function inspect(
  image: TestImage,
  options: Input['options'] = {},
  more: { readonly flags?: Partial<Context['flags']>; readonly store?: Partial<WriteStore> } = {},
): Promise<{ result: Result; context: ReturnType<typeof fakeContext> }> {
  const store = await storeWith({ v1: image, v2: image });
  const context = fakeContext({
    openRead: async () => ({ ...store, ...more.store }),
    flags: more.flags ?? {},
  });
  return { result: await run(context, input(['r.example/app:v1'], options), {}), context };
}

const bytesOf = (image: TestImage, digest: string): Buffer =>
  Buffer.from([...image.nodes].find(([name]) => name === digest)?.[1].bytes ?? []);

describe('inspect', () => {
  it("prints skopeo's keys in skopeo's order, then its own", async () => {
    const image = await makeImage({ labels: { z: '1', a: '2' } });
    const { result } = await inspect(image);
    const json = jsonOf(result) as Record<string, unknown>;
    expect(result.defaultOutput).toBe('json');
    expect(Object.keys(json)).toEqual([
      'Name',
      'Tag',
      'Digest',
      'RepoTags',
      'Created',
      'DockerVersion',
      'Labels',
      'Architecture',
      'Os',
      'Layers',
      'LayersData',
      'Env',
      'MediaType',
      'ArtifactType',
      'ManifestDigest',
      'ConfigDigest',
      'Variant',
      'Size',
      'Platforms',
      'History',
      'Referrers',
    ]);
    expect(json).toMatchObject({
      Name: 'r.example/app',
      Tag: 'v1',
      Digest: image.root.digest,
      RepoTags: ['v1', 'v2'],
      Env: ['PATH=/bin'],
      Platforms: [{ Platform: 'linux/amd64', Digest: image.root.digest }],
    });
    expect(JSON.stringify(json['Labels'])).toBe('{"a":"2","z":"1"}');
    expect(json['LayersData']).toMatchObject([{ Annotations: null }, { Annotations: null }]);
  });

  it('of an index: its own digest, and everything else of the platform shown', async () => {
    const index = await makeIndex();
    const { result } = await inspect(index, {}, { flags: { platform: 'linux/arm64' } });
    expect(jsonOf(result)).toMatchObject({ Digest: index.root.digest, Architecture: 'arm64' });
    const { ManifestDigest, Platforms } = jsonOf(result) as {
      ManifestDigest: string;
      Platforms: { Platform: string; Digest: string }[];
    };
    expect(Platforms.map((one) => one.Platform)).toEqual([
      'linux/amd64',
      'linux/arm64/v8',
      'linux/arm/v7',
    ]);
    expect(Platforms[1]?.Digest).toBe(ManifestDigest);
  });

  it('--no-tags does not list, and a list that is refused is a warning', async () => {
    const refused = {
      capabilities: {
        tags: {
          tags: () => ({
            [Symbol.asyncIterator]: () => ({
              next: async () => {
                throw new AppError('FORBIDDEN', 'no listing');
              },
            }),
          }),
        },
      },
    };
    const image = await makeImage();
    const silent = await inspect(image, { noTags: true }, { store: refused });
    expect(jsonOf(silent.result)).toMatchObject({ RepoTags: [] });
    expect(silent.context.warnings).toEqual([]);
    const warned = await inspect(image, {}, { store: refused });
    expect(jsonOf(warned.result)).toMatchObject({ RepoTags: [] });
    expect(warned.context.warnings[0]).toContain('no listing');
  });

  it('--raw and --config --raw give the stored bytes', async () => {
    const index = await makeIndex();
    expect(await bytesOfResult((await inspect(index, { raw: true })).result)).toEqual(
      bytesOf(index, index.root.digest),
    );
    const { result } = await inspect(index, { raw: true, config: true });
    const shown = jsonOf((await inspect(index)).result) as { ConfigDigest: string };
    expect(await bytesOfResult(result)).toEqual(bytesOf(index, shown.ConfigDigest));
    const config = (await inspect(index, { config: true })).result;
    expect(jsonOf(config)).toMatchObject({ architecture: 'amd64', config: { Env: ['PATH=/bin'] } });
    expect(config.defaultOutput).toBe('json');
  });
});

describe('inspect -o text', () => {
  it('shows header, platforms, layers and labels within a narrow terminal', async () => {
    const { result } = await inspect(await makeIndex({ layers: 3 }));
    const text = textOf(result, { ...PLAIN, terminal: true, width: 60 });
    // Only a digest is wider: a part of it names nothing.
    for (const line of text.split('\n')) {
      if (/^ {2}(?:Digest|Manifest) /u.test(line)) expect(line).toMatch(/sha256:[0-9a-f]{64}$/u);
      else expect(displayWidth(line)).toBeLessThanOrEqual(60);
    }
    expect(text).not.toContain('…');
    for (const part of ['r.example/app:v1', 'Platforms', '▸ linux/amd64', 'Layers', '█', 'made'])
      expect(text).toContain(part);
    expect(text).toContain('3 layers');
  });

  it('cuts nothing on a pipe and makes hostile labels harmless', async () => {
    const long = 'x'.repeat(300);
    const { result } = await inspect(
      await makeImage({ labels: { long, evil: '\u001b]0;owned\u0007\u202e' } }),
    );
    const text = textOf(result);
    expect(text).toContain(`long=${long}`);
    expect(text).toContain('evil=\\x1b]0;owned\\x07\\u202e');
  });
});
