import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
] as const;

/** What the examples of help and docs name, by the repository in the embedded registry. */
const REPOSITORIES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'hub/library/alpine': [['3.20', 'latest'], ['3.19'], ['3.21.0']],
  'hub/library/busybox': [['1.36', 'latest'], ['1.35']],
  'hub/library/nginx': [['1.27.3-alpine'], ['1.27.2-alpine'], ['1.27.2', 'stable', 'latest']],
  'hub/library/node': [['22.1.0', 'latest'], ['22.0.0'], ['20.0.0']],
  'hub/library/app': [['1']],
  'ghcr/o/app': [['1', '1.4']],
  'ghcr/me/app': [['old', 'stable'], ['v1']],
  'ghcr/team/web': [['1']],
  'example/app': [['1.4.2'], ['1.4'], ['1'], ['old'], ['pr-101'], ['pr-117'], ['dev'], ['latest']],
  'example/team/web': [['1'], ['2']],
};

/** What the images of the examples have in their layer. */
const FILES = { 'etc/os-release': 'ID=alpine\nVERSION_ID=3.20.3\n' } as const;

/** Hosts of the examples, all of which the embedded registry stands in for. */
const HOSTS: Readonly<Record<string, string>> = {
  'docker.io': 'hub',
  'ghcr.io': 'ghcr',
  'registry.example.com': 'example',
};

/** A machine on which the lines of help and docs can run, and the registry behind all names. */
export interface ExampleWorld extends AsyncDisposable {
  readonly machine: Machine;
  run(line: string): Promise<Finished>;
  /** Pushes all images again, for a line that must not depend on those before it. */
  reset(): Promise<void>;
}

export async function exampleWorld(): Promise<ExampleWorld> {
  const [registry, machine] = await Promise.all([
    startRegistryServer({ storage: createMemoryStorage() }),
    newMachine(),
  ]);
  const { origin, host } = registry.url;
  const seeds: { repository: string; tags: readonly string[]; image: TestImage }[] = [];
  for (const [repository, images] of Object.entries(REPOSITORIES)) {
    for (const tags of images) {
      // Images with one date for all have no known age.
      const created = new Date(Date.UTC(2026, 0, 1 + seeds.length)).toISOString();
      const image = await makeIndex({ platforms: PLATFORMS, created, layers: 1, files: FILES });
      seeds.push({ repository, tags, image });
    }
  }
  const reset = async (): Promise<void> => {
    for (const { repository, tags, image } of seeds) {
      await pushImage(origin, repository, tags, image);
    }
  };
  await reset();
  await mkdir(machine.dir.join('xdg/containers'), { recursive: true });
  await writeFile(
    machine.dir.join('xdg/containers/registries.conf'),
    Object.entries(HOSTS)
      .map(
        ([name, path]) =>
          `[[registry]]\nprefix = "${name}"\nlocation = "${host}/${path}"\ninsecure = true\n`,
      )
      .join('\n'),
  );
  const find = (name: string): TestImage | undefined =>
    seeds.find(({ repository, tags }) => tags.some((tag) => `${repository}:${tag}` === name))
      ?.image;
  const layer = layerOf(find('hub/library/alpine:3.20'));
  const app = find('example/app:1')?.root.digest ?? '';
  await writeFiles(machine, { host, layer });
  return {
    machine,
    reset,
    run: (line) =>
      runLine(machine, line.replaceAll('app@sha256:…', `app@${app}`).replaceAll('sha256:…', layer)),
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]();
      await registry.close();
    },
  };
}

function layerOf(image: TestImage | undefined): string {
  const nodes = [...(image?.nodes.values() ?? [])];
  return (
    nodes.find(({ descriptor }) => /layer/u.test(descriptor.mediaType))?.descriptor.digest ?? ''
  );
}

/** The files that examples read. */
async function writeFiles(
  machine: Machine,
  { host, layer }: { readonly host: string; readonly layer: string },
): Promise<void> {
  const at = (name: string): string => machine.dir.join(name);
  await Promise.all([mkdir(at('dir')), mkdir(at('registry'))]);
  await Promise.all([
    writeFile(at('dir/file'), 'content'),
    writeFile(at('layer.tar.gz'), 'a layer'),
    writeFile(at('images.txt'), 'nginx:1.27.2\n'),
    writeFile(at('prune.yaml'), 'rules:\n  - repositories: ["**"]\n    keep: 1\n'),
    writeFile(
      at('regsync.yml'),
      'version: 1\nsync:\n- source: docker.io/library/alpine:3.20\n  target: registry.example.com/alpine:3.20\n  type: image\n',
    ),
    writeFile(
      at('sync.yml'),
      `${host}:\n  tls-verify: false\n  images:\n    hub/library/alpine: ["3.20"]\n`,
    ),
  ]);
  await machine.expect(0, ['copy', 'registry.example.com/app:1', 'oci:app:v1']);
  await machine.expect(0, ['copy', 'alpine:3.20', 'oci:out']);
  await machine.expect(0, ['copy', 'app:1', 'docker-archive:app.tar:app:1']);
  await sign(machine);
  await writeFile(at('app.tar.gz'), gzipSync(await readFile(at('app.tar'))));
  // A manifest whose blobs app has.
  const { bytes } = await machine.expect(0, ['manifest', 'registry.example.com/app:1']);
  await writeFile(at('manifest.json'), bytes);
  for (const repository of ['registry.example.com/app', 'ghcr.io/o/app']) {
    await machine.expect(0, ['blob-copy', 'alpine', repository, layer]);
  }
}

/** Keys without a password, and what they signed. */
async function sign(machine: Machine): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const at = (name: string): string => machine.dir.join(name);
  await writeFile(at('cosign.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(at('cosign.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(at('trust.yaml'), 'rules:\n- images: ghcr.io/**\n  keys: cosign.pub\n');
  await writeFile(at('sbom.json'), '{"spdxVersion":"SPDX-2.3"}');
  const key = ['--key', 'cosign.key'];
  await machine.expect(0, ['sign', ...key, 'ghcr.io/o/app:1']);
  const predicate = ['--type', 'spdxjson', '--predicate', 'sbom.json'];
  await machine.expect(0, ['attest', ...key, ...predicate, 'oci:app:v1']);
}

/** Plain lines run inside the test's process, others in bash with the built program on its PATH. */
async function runLine(machine: Machine, line: string): Promise<Finished> {
  const words = plainWords(line);
  const env = { COSIGN_PASSWORD: '' };
  if (words?.[0] === 'regctl') {
    // A key is never replaced.
    const cwd = words[1] === 'key' ? await mkdtemp(machine.dir.join('keys-')) : machine.dir.path;
    return machine.regctl(words.slice(1), { env, cwd });
  }
  const bin = machine.dir.join('bin');
  await mkdir(bin, { recursive: true });
  const program = `${import.meta.dirname}/../../bin/regctl.js`;
  await writeFile(`${bin}/regctl`, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  return run('bash', ['--norc', '-euo', 'pipefail', '-c', line], {
    cwd: machine.dir.path,
    env: { ...machine.env, PATH: `${bin}:${machine.env['PATH'] ?? ''}` },
  });
}

/** The words of a line without pipes, redirections, variables and braces; else undefined. */
export function plainWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"|<>&;$`{}*\\#]+))(?=\s|$)/uy;
  const text = line.replace(/\s+#.*$/u, '').trim();
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    words.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return words;
}
