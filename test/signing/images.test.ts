import { describe, expect, test } from 'vitest';
import { run } from '../../src/commands/verify/run.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { fakeContext, input, jsonOf } from '../commands/fake-context.ts';
import { digestOf } from '../../src/oci/digest.ts';
import {
  contentBytes,
  readVectors,
  vectorStore,
  type Content,
  type Expected,
  type Served,
} from './vectors.ts';

interface Scene {
  readonly id: string;
  readonly root: { readonly digest: string; readonly children?: readonly Child[] };
  readonly tags: Readonly<Record<string, string>>;
  /** Fallback tag → the digest of its index. */
  readonly fallback: Readonly<Record<string, string>>;
  readonly referrers: Readonly<Record<string, unknown>>;
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string }[];
  readonly blobs: readonly string[];
  readonly verdicts: readonly Verdict[];
}

interface Child {
  readonly digest: string;
  readonly architecture: string;
}

interface Verdict {
  readonly view: 'fallback' | 'api' | 'both';
  readonly args: readonly string[];
  readonly of: string;
  readonly expected: Expected;
}

const { cases, contents, a, b } = readVectors('images.json') as {
  readonly a: { readonly public: string };
  readonly b: { readonly public: string };
  readonly cases: readonly Scene[];
  readonly contents: Readonly<Record<string, Content>>;
};

function servedBy(scene: Scene, view: 'fallback' | 'api'): Served {
  const type = 'application/vnd.oci.image.index.v1+json';
  const indexes = Object.values(scene.fallback).map((digest) => [
    digest,
    { type, content: digest },
  ]);
  const manifests = scene.manifests.map((one) => [
    one.digest,
    { type: one.mediaType, content: one.digest },
  ]);
  return {
    manifests: Object.fromEntries([...manifests, ...indexes]) as Served['manifests'],
    blobs: Object.fromEntries(scene.blobs.map((digest) => [digest, digest])),
    tags: view === 'fallback' ? { ...scene.tags, ...scene.fallback } : scene.tags,
    referrers: view === 'api' ? scene.referrers : undefined,
  };
}

const OPTIONS: Readonly<Record<string, string>> = {
  '--key': 'key',
  '--type': 'type',
  '-a': 'annotation',
};

function parse([, ...flags]: readonly string[]) {
  const options: Record<string, string | string[]> = {};
  let platform: string | undefined;
  for (let i = 0; i < flags.length; i += 1) {
    const flag = flags[i] ?? '';
    if (flag === '--new-bundle-format=false') continue;
    const value = flags[i + 1] ?? '';
    i += 1;
    if (flag === '--platform') platform = value;
    else if (flag === '--type') options['type'] = value;
    else {
      const name = OPTIONS[flag];
      if (name === undefined) throw new Error(`unknown ${flag}`);
      const text = flag === '--key' ? `env://${value.replace('.pub', '')}` : value;
      options[name] = [...[options[name] ?? []].flat(), text];
    }
  }
  return { options, platform };
}

async function verify(scene: Scene, view: 'fallback' | 'api', args: readonly string[], of: string) {
  const { options, platform } = parse(args);
  const ref =
    of === 'tag'
      ? ':v1'
      : `@${of === 'root' ? scene.root.digest : childOf(scene, of === 'attestation' ? 'unknown' : of)}`;
  const context = fakeContext({
    env: { a: a.public, b: b.public },
    flags: { platform },
    openRead: async () => vectorStore(servedBy(scene, view), contents),
  });
  return run(context, input([`registry.example/team/app${ref}`], options), {});
}

function childOf({ root }: Scene, architecture: string): string {
  return root.children?.find((child) => child.architecture === architecture)?.digest ?? '';
}

async function exitOf(...args: Parameters<typeof verify>): Promise<number> {
  try {
    return Number((await verify(...args)).exit);
  } catch (error) {
    if (error instanceof AppError) return error.exitStatus;
    throw error;
  }
}

const rows = cases.flatMap((scene) =>
  scene.verdicts
    .filter(({ args }) => args[0] !== 'tree')
    .flatMap(({ view, ...one }) =>
      (view === 'both' ? (['fallback', 'api'] as const) : [view]).map((by) => ({
        scene,
        view: by,
        ...one,
        name: `${scene.id}, ${by}: ${one.args.join(' ')} of ${one.of}`,
      })),
    ),
);

describe('images that cosign signed', () => {
  test.each(rows)('$name', async ({ scene, view, args, of, expected }) => {
    expect(await exitOf(scene, view, args, of)).toBe(expected.exit);
  });

  test('a platform is signed through its index', async () => {
    const scene = cases.find(({ id }) => id === 'index');
    if (scene === undefined) throw new Error('no scene');
    const args = ['verify', '--key', 'a.pub', '--platform', 'linux/arm64'];
    expect(jsonOf(await verify(scene, 'api', args, 'tag'))).toMatchObject({
      Digest: childOf(scene, 'arm64'),
      Verified: true,
      ThroughIndex: scene.root.digest,
    });
  });

  test.each([
    ['by tag: another index, which nobody signed', ':v1', 3],
    ['by the digest of the signed one', 'root', 5],
  ])('an index into which a registry puts an image does not count, %s', async (_what, of, exit) => {
    const scene = cases.find(({ id }) => id === 'index');
    if (scene === undefined) throw new Error('no scene');
    const { digest } = scene.root;
    const child = childOf(scene, 'arm64');
    const other = childOf(scene, 'amd64');
    const forged = contentBytes(contents[digest]).toString().replaceAll(child, other);
    expect(forged).not.toContain(child);
    const served = servedBy(scene, 'api');
    const type = served.manifests[digest]?.type ?? '';
    const altered = digestOf(Buffer.from(forged));
    const lying = {
      ...served,
      manifests: {
        ...served.manifests,
        [digest]: { type, content: 'forged' },
        [altered]: { type, content: 'forged' },
      },
      tags: { v1: altered },
    };
    const context = fakeContext({
      env: { a: a.public },
      flags: { platform: 'linux/arm64' },
      openRead: async () => vectorStore(lying, { ...contents, forged: { text: forged } }),
    });
    const image = `registry.example/team/app${of === 'root' ? `@${digest}` : of}`;
    const status = await run(context, input([image], { key: ['env://a'] }), {}).then(
      (result) => result.exit,
      (error: unknown) => (error instanceof AppError ? error.exitStatus : error),
    );
    expect(status).toBe(exit);
  });
});
