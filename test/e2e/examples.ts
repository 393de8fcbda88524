import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { makeImage, makeIndex, storeImage, type TestImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

/** The platforms of an index; the last part of a tag such as `1-amd64` makes it a single image. */
const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
] as const;
const SINGLE = /-(amd64|arm64|riscv64)$/u;

/** The images that examples of help and docs name, each with its tags. */
const IMAGES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  alpine: [['3.20', 'latest'], ['3.19'], ['3.21.0']],
  busybox: [['1.36', 'latest'], ['1.35']],
  nginx: [['1.27.3-alpine'], ['1.27.2-alpine'], ['1.27.2', 'stable', 'latest']],
  node: [['22.1.0', 'latest'], ['22.0.0'], ['20.0.0']],
  app: [['1']],
  'host/app': [['1']],
  'ghcr.io/o/app': [['1', '1.4'], ['1-amd64'], ['1-arm64']],
  'ghcr.io/org/app': [['1']],
  'ghcr.io/me/app': [['old', 'stable'], ['v1']],
  'ghcr.io/team/web': [['1']],
  'example.com/app': [
    ['1.4.2'],
    ['1.4'],
    ['1'],
    ['old'],
    ['pr-101'],
    ['pr-117'],
    ['dev'],
    ['latest'],
    ['1-amd64'],
    ['1-arm64'],
    ['1-riscv64'],
  ],
  'example.com/team/web': [['1'], ['2']],
};

/** What the images of the examples have in their layer. */
const FILES = { 'etc/os-release': 'ID=alpine\nVERSION_ID=3.20.3\n' } as const;

/** Hosts of the examples, all of which the embedded registry stands in for. */
const HOSTS: Readonly<Record<string, string>> = {
  'docker.io': 'hub',
  'ghcr.io': 'ghcr',
  'registry.example.com': 'example',
  'r.example.com': 'example',
};

/** A machine on which the lines of help and docs can run, and the registry behind all names. */
export interface ExampleWorld extends AsyncDisposable {
  readonly machine: Machine;
  run(line: string): Promise<Finished>;
  /** Stores the images of a line again: it must not depend on those before it. */
  reset(line: string): Promise<void>;
}

interface Seed {
  readonly name: string;
  readonly tags: readonly string[];
  readonly image: TestImage;
}

async function makeSeeds(): Promise<readonly Seed[]> {
  const seeds: Seed[] = [];
  for (const [name, images] of Object.entries(IMAGES)) {
    for (const tags of images) {
      // Images with one date for all have no known age.
      const created = new Date(Date.UTC(2026, 0, 1 + seeds.length)).toISOString();
      const architecture = SINGLE.exec(tags[0] ?? '')?.[1];
      const content = { created, layers: 1, files: FILES };
      const image =
        architecture === undefined
          ? await makeIndex({ platforms: PLATFORMS, ...content })
          : await makeImage({ platform: { os: 'linux', architecture }, ...content });
      seeds.push({ name, tags, image });
    }
  }
  return seeds;
}

const seeding = makeSeeds();

/** The repository in the embedded registry. */
function repositoryOf(name: string): string {
  if (name.startsWith('ghcr.io/')) return `ghcr/${name.slice('ghcr.io/'.length)}`;
  if (name.startsWith('example.com/')) return `example/${name.slice('example.com/'.length)}`;
  return `hub/${name.includes('/') ? name : `library/${name}`}`;
}

/** What stands ready for examples that mention it: the lines that make it. */
const MADE: readonly (readonly [mention: RegExp, lines: readonly string[]])[] = [
  [/oci:(?:\.\/)?app\b/u, ['copy registry.example.com/app:1 oci:app:v1']],
  [/oci:out/u, ['copy alpine:3.20 oci:out']],
  [/oci:out:arm64/u, ['copy --platform linux/arm64 alpine:3.20 oci:out:arm64']],
  [
    /--get vuln/u,
    ['artifact attach --type=application/sarif+json registry.example.com/app:1 scan.sarif'],
  ],
  [
    /artifact(?: pull|-get)/u,
    [
      'artifact push registry.example.com/site:1 page.html:text/html assets',
      'artifact push registry.example.com/rules:2 rules.json',
    ],
  ],
  [/app\.tar/u, ['copy registry.example.com/app:1 docker-archive:app.tar:app:1']],
  [/cosign\.pub|trust\.yaml/u, ['sign --key cosign.key ghcr.io/o/app:1']],
  [
    /spdxjson oci:app/u,
    ['attest --key cosign.key --type spdxjson --predicate sbom.json oci:app:v1'],
  ],
  [
    /\breferrers\b/u,
    ['registry.example.com/app:1', 'ghcr.io/org/app:1', 'alpine'].map(
      (name) => `artifact attach --type=application/spdx+json ${name} sbom.json`,
    ),
  ],
  [
    /\bblob(?:-copy)?\b/u,
    ['blob-copy alpine registry.example.com/app LAYER', 'blob-copy alpine ghcr.io/o/app LAYER'],
  ],
];

/** A world with the images and files that `text`, the examples, mentions. */
export async function exampleWorld(text: string): Promise<ExampleWorld> {
  const storage = createMemoryStorage();
  const [registry, machine, seeds] = await Promise.all([
    startRegistryServer({ storage }),
    newMachine(),
    seeding,
  ]);
  const { host } = registry.url;
  const reset = async (line: string): Promise<void> => {
    const needed = seeds.filter(
      ({ name }) => line.includes(name) || line.includes(name.replace(/\/[^/]*$/u, '/')),
    );
    for (const { name, tags, image } of needed) {
      await storeImage(storage, repositoryOf(name), tags, image);
    }
  };
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
  const find = (wanted: string, tag: string): TestImage | undefined =>
    seeds.find(({ name, tags }) => name === wanted && tags.includes(tag))?.image;
  const layer = layerOf(find('alpine', '3.20'));
  const app = find('example.com/app', '1')?.root.digest ?? '';
  await writeFiles(machine, host);
  const made = MADE.filter(([mention]) => mention.test(text)).flatMap(([, lines]) => lines);
  // `manifest.json` is that of app:1.
  await reset([text, ...made, /manifest\.json/u.test(text) ? 'example.com/app' : ''].join('\n'));
  for (const line of made) {
    const words = line.replace('LAYER', layer).split(' ');
    await machine.expect(0, words, { env: { COSIGN_PASSWORD: '' } });
  }
  if (/manifest\.json/u.test(text)) {
    const { bytes } = await machine.expect(0, ['manifest', 'registry.example.com/app:1']);
    await writeFile(machine.dir.join('manifest.json'), bytes);
  }
  if (/app\.tar\.gz/u.test(text)) {
    const archive = await readFile(machine.dir.join('app.tar'));
    await writeFile(machine.dir.join('app.tar.gz'), gzipSync(archive));
  }
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
async function writeFiles(machine: Machine, host: string): Promise<void> {
  const at = (name: string): string => machine.dir.join(name);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await Promise.all(['dir', 'assets', 'registry'].map((name) => mkdir(at(name))));
  const files = {
    'dir/file': 'content',
    'assets/style.css': 'h1 { color: red }',
    'layer.tar.gz': 'a layer',
    'page.html': '<h1>Hello</h1>',
    'rules.json': '{}',
    'scan.sarif': '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"scan"}},"results":[]}]}',
    'sbom.json': '{"spdxVersion":"SPDX-2.3","packages":[]}',
    'images.txt': 'nginx:1.27.2\n',
    'prune.yaml': 'rules:\n  - repositories: ["**"]\n    keep: 1\n',
    'regsync.yml':
      'version: 1\nsync:\n- source: docker.io/library/alpine:3.20\n  target: registry.example.com/alpine:3.20\n  type: image\n',
    'sync.yml': `${host}:\n  tls-verify: false\n  images:\n    hub/library/alpine: ["3.20"]\n`,
    'trust.yaml': 'rules:\n- images: ghcr.io/**\n  keys: cosign.pub\n',
    'cosign.key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'cosign.pub': publicKey.export({ type: 'spki', format: 'pem' }),
  };
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(at(name), content)));
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
