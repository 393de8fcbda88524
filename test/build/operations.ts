import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RegistryServer } from '../../src/server/server.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import {
  readImages,
  startVectorRegistry,
  VECTORS,
  type Images,
  type Operation,
} from './edit-vectors.ts';
import { comparable, mergePatch, see, type Fetch, type Seen } from './seen.ts';

/** What has to be there before an operation, in lines of ours. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  'crane-no-tag': ['copy HOST/plain HOST/notag:v1'],
  'crane-no-tag-digest': ['copy HOST/plain HOST/notag:v2'],
  'mod-replace': ['copy HOST/plain HOST/out:mod-replace'],
  'index-create-subject': ['copy HOST/plain HOST/out:subject'],
  'index-add': ['index create --as-index HOST/out:index-add HOST/multi:amd64'],
  'index-add-referrers': ['index create --as-index HOST/out:index-add-referrers HOST/multi:arm'],
  'index-delete': ['copy HOST/multi HOST/out:index-delete'],
  'index-delete-unknown': ['copy HOST/multi HOST/out:index-delete-unknown'],
  'index-delete-digest': ['copy HOST/pair HOST/out:index-delete-digest'],
  'imagetools-append': [
    'index create HOST/out:imagetools-append HOST/docker29:amd64 HOST/multi:arm',
  ],
  'oras-update-add': ['index create --as-index HOST/multi:oras-update-add HOST/multi:amd64'],
  'oras-update-remove': [
    'index create HOST/multi:oras-update-remove HOST/multi:amd64 HOST/multi:arm64',
  ],
  'oras-update-merge': ['index create --as-index HOST/multi:oras-update-merge HOST/multi:arm'],
};

/** Where regctl differs on purpose from what is recorded, and why. */
const DIFFERS: Readonly<Record<string, string>> = {
  'imagetools-annotations':
    'arm64 is linux/arm64/v8 by its configuration, so the annotation applies',
  'imagetools-annotation-plain':
    'buildx refuses an annotation without a level; it is for the index',
  'imagetools-file': 'buildx does not read a single descriptor',
  'crane-rebase-flags': 'crane drops the author',
  'crane-rebase-annotations': 'crane drops the author',
  'crane-rebase-docker': 'crane drops the author',
};

/** Runs each operation that `isChosen`, and compares its result with what is expected. */
export function describeOperations(
  operations: readonly Operation[],
  isChosen: (operation: Operation) => boolean,
): void {
  const chosen = operations.filter(isChosen);
  describe('operations as other programs do them', () => {
    let images: Images;
    let server: RegistryServer;
    let machine: Machine;
    beforeAll(async () => {
      images = await readImages();
      [server, machine] = await Promise.all([startVectorRegistry(images), newMachine()]);
      // Base annotations name the registry of the recording.
      const rewrite = `[[registry]]\nprefix = "127.0.0.1:5917"\nlocation = "${server.host}"\n`;
      await writeFile(machine.dir.join('mirrors.conf'), rewrite);
    });
    afterAll(async () => {
      await Promise.all([server[Symbol.asyncDispose](), machine[Symbol.asyncDispose]()]);
    });

    const isInput = (digest: string): boolean => images.blobs.has(digest);

    /** The words of a line; quotes as a shell has them. */
    const wordsOf = (line: string): string[] =>
      [...line.matchAll(/(?:[^\s']|'[^']*')+/gu)].map(([word]) =>
        word
          .replaceAll("'", '')
          .replace(/(?<=^|=)HOST\b/u, server.host)
          .replace(/^layers\//u, `${VECTORS}/layers/`)
          .replace(/DIGEST\(([^)]*)\)/u, (_, name: string) => images.tags.get(name)?.digest ?? ''),
      );

    const fetchOurs =
      (repo: string): Fetch =>
      async (kind, one) => {
        const url = new URL(`/v2/${repo}/${kind}/${one}`, server.url);
        const answer = await fetch(url, { headers: { accept: '*/*' } });
        expect(answer.status, url.href).toBe(200);
        // What is recorded has the address of its registry.
        return (await answer.text()).replaceAll(server.host, '127.0.0.1:5917');
      };

    const input: Fetch = async (_kind, one) => {
      const bytes = images.blobs.get(one);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString();
    };

    const seeTheirs = async ({ result }: Operation): Promise<Seen> => {
      if (result === undefined) throw new Error('no result is recorded');
      const { digest, manifests, configs } = result;
      return see(digest, async (kind, one) => manifests[one] ?? configs[one] ?? input(kind, one));
    };

    const filesOf = async (args: readonly string[]): Promise<unknown> => {
      const { Files } = (await machine.json(['files', ...args])) as {
        Files: Record<string, unknown>[];
      };
      return Files.map(({ Layer: _layer, ...file }) => file);
    };

    it.each(chosen.map((one) => [one.id, one] as const))('%s', async (id, operation) => {
      for (const line of BEFORE[id] ?? []) await machine.expect(0, wordsOf(line));
      const words = [
        ...wordsOf(operation.regctl),
        '--registries-conf',
        machine.dir.join('mirrors.conf'),
      ];
      const done = await machine.regctl(words, { env: { SOURCE_DATE_EPOCH: '1700000000' } });
      const { expected } = operation;
      if (expected.as === 'error') {
        expect(done.code, done.stderr).toBe(expected.exit);
        expect(done.stdout).toBe('');
        return;
      }
      expect(done.code, done.stderr).toBe(0);
      if (expected.as === 'nothing pushed') return;
      const line = done.stdout.trim().split('\n').at(-1) ?? '';
      const [, repo = '', digest = ''] =
        /^[^/]*\/([^:@]*).*@(sha256:[0-9a-f]{64})$/u.exec(line) ?? [];
      const ours = await see(digest, fetchOurs(repo));
      await machine.expect(0, ['validate', `${server.host}/${repo}@${digest}`]);
      const ignore = expected.ignore ?? [];
      if (DIFFERS[id] !== undefined) {
        const theirs = operation.result === undefined ? undefined : await seeTheirs(operation);
        const shown = theirs === undefined ? undefined : comparable(theirs, ignore, isInput);
        expect(comparable(ours, ignore, isInput)).not.toEqual(shown);
        return;
      }
      switch (expected.as) {
        case 'theirs': {
          const theirs = await seeTheirs(operation);
          expect(comparable(ours, ignore, isInput)).toEqual(comparable(theirs, ignore, isInput));
          break;
        }
        case 'unchanged':
          expect(isInput(digest)).toBe(true);
          break;
        case 'index': {
          const platforms = ours.children.map(({ entry }) => platformText(entry['platform']));
          const named = platforms.filter((one) => one !== 'unknown/unknown');
          if (expected.platforms !== undefined) expect(named).toEqual(expected.platforms);
          if (expected.like !== undefined) {
            const like = operations.find((one) => one.id === expected.like);
            if (like === undefined) throw new Error(`no operation ${expected.like}`);
            const theirs = await seeTheirs(like);
            expect(comparable(ours, ignore, isInput)).toEqual(comparable(theirs, ignore, isInput));
          }
          break;
        }
        case 'patch': {
          const name = /HOST\/([^\s:]+)(?::(\S+))?/u.exec(operation.regctl);
          const [repository, tag] = name?.[1] === 'notag' ? ['plain'] : [name?.[1], name?.[2]];
          const root = images.tags.get(`${repository}:${tag ?? 'latest'}`);
          const before = await see(root?.digest ?? '', input);
          expect(comparable(withoutAppended(ours, expected), ['created'], () => false)).toEqual(
            comparable(patched(before, expected), ['created'], () => false),
          );
          break;
        }
        case 'squash': {
          const source =
            /HOST\/\S+/u.exec(operation.regctl)?.[0].replace('HOST', server.host) ?? '';
          const result = `${server.host}/${repo}@${digest}`;
          for (const platform of ours.children.length > 0
            ? ['linux/amd64', 'linux/arm64']
            : [undefined]) {
            const of = platform === undefined ? [] : ['--platform', platform];
            expect(await filesOf([result, ...of])).toEqual(await filesOf([source, ...of]));
          }
          const layers =
            ours.children.length > 0
              ? ours.children.map(({ seen: one }) => one?.manifest['layers'])
              : [ours.manifest['layers']];
          for (const one of layers) expect(one).toHaveLength(1);
          break;
        }
        case 'convert':
        case 'strip': {
          // The attestations that regclient leaves name the digests before.
          const theirs = withoutAttestations(await seeTheirs(operation));
          const but = [...ignore, 'layer digest'];
          expect(comparable(ours, but, isInput)).toEqual(comparable(theirs, but, isInput));
          break;
        }
        default: {
          expect(expected.as).toBe('rebase');
          const named = [...operation.regctl.matchAll(/HOST\/(multi(?::[\w-]+)?)/gu)].slice(0, 3);
          const [image, from, to] = await Promise.all(
            named.map(([, name = '']) => {
              const root = images.tags.get(name.includes(':') ? name : `${name}:latest`);
              return see(root?.digest ?? '', input);
            }),
          );
          const stacks = layersByPlatform(ours);
          const [own, old, next] = [image, from, to].map((one) => layersByPlatform(one));
          expect([...stacks.keys()]).toEqual(['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7']);
          for (const [platform, layers] of stacks)
            expect(layers).toEqual([
              ...(next?.get(platform) ?? []),
              ...(own?.get(platform) ?? []).slice(old?.get(platform)?.length),
            ]);
        }
      }
    });
  });
}

function withoutAttestations(seen: Seen): Seen {
  const children = seen.children.filter(
    ({ entry }) => platformText(entry['platform']) !== 'unknown/unknown',
  );
  return { ...seen, children };
}

/** Digests and diff IDs of the layers of each image; attestations are left out. */
function layersByPlatform(seen: Seen | undefined): ReadonlyMap<string, readonly unknown[]> {
  const images = seen === undefined ? [] : withoutAttestations(seen).children;
  return new Map(
    images.map(({ entry, seen: image }) => {
      const { layers = [] } = (image?.manifest ?? {}) as { layers?: readonly { digest: string }[] };
      const { rootfs } = (image?.config ?? {}) as { rootfs?: { diff_ids: readonly string[] } };
      const stack = layers.map(({ digest }, at) => [digest, rootfs?.diff_ids[at]]);
      return [platformText(entry['platform']), stack];
    }),
  );
}

/** The result without the layers that were appended, which an input does not have. */
function withoutAppended(ours: Seen, expected: Operation['expected']): Seen {
  const { append = [], children = 'all' } = expected;
  if (append.length === 0) return ours;
  const cut = (image: Seen | undefined, platform: string): Seen | undefined => {
    if (image === undefined || !(children === 'all' || children.includes(platform))) return image;
    const { rootfs, ...config } = image.config as { rootfs: { type: string; diff_ids: string[] } };
    const layers = image.manifest['layers'] as readonly unknown[];
    return {
      ...image,
      config: {
        ...config,
        rootfs: { type: rootfs.type, diff_ids: rootfs.diff_ids.slice(0, -append.length) },
      },
      manifest: { ...image.manifest, layers: layers.slice(0, -append.length) },
    };
  };
  return {
    ...ours,
    children: ours.children.map(({ entry, seen: one }) => ({
      entry,
      seen: cut(one, platformText(entry['platform'])),
    })),
  };
}

/** What `expected` makes of an input. */
function patched(before: Seen, expected: Operation['expected'], platform?: string): Seen {
  const { config = {}, children = 'all' } = expected;
  if (before.manifest['manifests'] === undefined) {
    const isChosen =
      platform === undefined ||
      children === 'all' ||
      (children as readonly string[]).includes(platform);
    if (!isChosen || children === 'none') return before;
    const annotations = expected.manifestAnnotations;
    return {
      ...before,
      config: mergePatch(before.config, config) as Seen['config'],
      manifest:
        annotations === undefined
          ? before.manifest
          : {
              ...before.manifest,
              annotations: { ...(before.manifest['annotations'] as object), ...annotations },
            },
    };
  }
  const isChanged = (digest: unknown): boolean =>
    before.children.some(
      ({ entry }) =>
        entry['digest'] === digest &&
        children !== 'none' &&
        (children === 'all' || children.includes(platformText(entry['platform']))),
    );
  const kept = before.children.filter(({ entry }) => {
    const about = (entry['annotations'] as Record<string, string> | undefined)?.[
      'vnd.docker.reference.digest'
    ];
    return about === undefined || !isChanged(about);
  });
  return {
    ...before,
    manifest: {
      ...before.manifest,
      annotations: { ...(before.manifest['annotations'] as object), ...expected.indexAnnotations },
    },
    children: kept.map(({ entry, seen: child }) => ({
      entry,
      seen: child === undefined ? child : patched(child, expected, platformText(entry['platform'])),
    })),
  };
}

function platformText(value: unknown): string {
  const {
    os,
    architecture,
    variant,
    'os.version': version,
  } = (value ?? {}) as Record<string, string | undefined>;
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}${version === undefined ? '' : `:${version}`}`;
}
