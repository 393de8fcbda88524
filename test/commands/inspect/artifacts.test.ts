import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/inspect/run.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { blob, image, store, type TestNode } from '../../helpers/graphs.ts';
import { scene, sceneStore } from '../../helpers/scenes.ts';
import { fakeContext, input, jsonOf, textOf } from '../fake-context.ts';

async function inspect(from: ReadStore, options = {}, name = 'r.example/app:v1') {
  const context = fakeContext({ openRead: async () => from });
  return { context, result: await run(context, input([name], options), {}) };
}

const named = (title: string, mediaType: string): TestNode => {
  const { descriptor, data } = blob(title, mediaType);
  return {
    descriptor: { ...descriptor, annotations: { 'org.opencontainers.image.title': title } },
    data,
  };
};

async function artifact(configType: string, layers: readonly TestNode[], artifactType?: string) {
  const memory = createMemoryStore();
  const config = blob('no JSON', configType);
  const parts = { config, layers, ...(artifactType === undefined ? {} : { artifactType }) };
  await store(memory, image(parts), 'v1');
  return memory;
}

describe('inspect of what belongs to an image', () => {
  it('sums up the referrers of the index and of the platform shown', async () => {
    const { result } = await inspect(await sceneStore(scene('everything'), 'fallback'));
    expect(textOf(result)).toContain(
      'Attached  2 signatures, SBOM (CycloneDX), 2 SBOMs (SPDX), provenance (SLSA), vulnerability report\n',
    );
    expect(jsonOf(result)).toMatchObject({
      ArtifactType: null,
      Referrers: [{ Kinds: ['provenance (SLSA)'] }, {}, {}, {}, {}, {}, {}],
    });
  });

  it('looks for none with --no-tags or --no-referrers', async () => {
    const from = await sceneStore(scene('mixed'), 'api');
    const silent: ReadStore = {
      ...from,
      capabilities: {
        ...from.capabilities,
        referrers: {
          referrers: () => {
            throw new Error('asked');
          },
        },
      },
    };
    for (const options of [{ noTags: true }, { noReferrers: true }]) {
      const { result } = await inspect(silent, options);
      expect(jsonOf(result)).toMatchObject({ Referrers: null });
    }
  });

  it('shows an image whose referrers cannot be listed, with a warning', async () => {
    const from = await sceneStore(scene('mixed'), 'api');
    const referrers = {
      async *referrers() {
        yield* await Promise.reject<never[]>(new AppError('FORBIDDEN', 'no'));
      },
    };
    const { result, context } = await inspect({
      ...from,
      capabilities: { ...from.capabilities, referrers },
    });
    expect(jsonOf(result)).toMatchObject({ Referrers: null });
    expect(context.warnings).toEqual([expect.stringMatching(/^Referrers is null/u)]);
  });

  it('reads no manifest of Docker Hub for its type, as that may be a pull', async () => {
    const from = await sceneStore(scene('index'), 'fallback');
    const reads: string[] = [];
    const watched: ReadStore = {
      ...from,
      fetch(descriptor, options) {
        reads.push(descriptor.digest);
        return from.fetch(descriptor, options);
      },
    };
    const { result } = await inspect(watched, {}, 'docker.io/library/app:v1');
    expect(reads).toHaveLength(3);
    expect(textOf(result)).toMatch(/Attached +\S/u);
  });

  it.each([
    ['application/vnd.cncf.helm.config.v1+json', undefined, 'Helm chart'],
    ['application/vnd.wasm.config.v0+json', undefined, 'WebAssembly'],
    ['application/vnd.cncf.model.config.v1+json', undefined, 'model'],
    ['application/vnd.oci.empty.v1+json', 'application/vnd.acme.thing', 'vnd.acme.thing'],
  ])('names the type of an artifact: %s, %s', async (configType, artifactType, shown) => {
    const layers = [named('a.txt', 'text/plain'), named('b.bin', 'application/x')];
    const { result } = await inspect(await artifact(configType, layers, artifactType));
    expect(jsonOf(result)).toMatchObject({ ArtifactType: artifactType ?? configType });
    const text = textOf(result);
    expect(text).toMatch(/Artifact +application/u);
    expect(text).toContain(shown);
    expect(text).toMatch(/ a\.txt$/mu);
    expect(text).toMatch(/ b\.bin$/mu);
  });
});
