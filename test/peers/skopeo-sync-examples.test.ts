import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Disposables } from '../../src/store/disposables.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { startProxyServer } from '../helpers/proxy-server.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';
import { contentsOf, digestOfName, seed, startRecorded } from '../sync/recorded-registry.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');
const HOSTS = ['registry.example.com', 'quay.io', 'my-registry.local.lan'] as const;
type Host = (typeof HOSTS)[number];

/** What the examples name, each tag another image. */
const CONTENT = {
  'registry.example.com': {
    busybox: {
      tags: { '1-glibc': 'app-1', '1-musl': 'app-2', '1-ubuntu': 'app-3', latest: 'app-4' },
    },
    'repo/busybox': { tags: { '1-glibc': 'app-8', latest: 'app-9' } },
    redis: { tags: { '1.0': 'app-5', '2.0': 'app-6', '3.0': 'app-7' }, untagged: ['app-8'] },
    nginx: {
      tags: { '1.13.1-alpine-perl': 'app-1', '1.13.2-alpine-perl': 'app-2', '1.13.3': 'app-3' },
    },
    alpine: { tags: { '3.11.6': 'app-4', '3.12.0': 'app-5', '3.13': 'app-6', edge: 'app-7' } },
  },
  'quay.io': { 'coreos/etcd': { tags: { latest: 'app-9', 'v3.5': 'app-10' } } },
} as const;

const FILE = `registry.example.com:
  images:
    busybox: []
    redis:
      - "1.0"
      - "2.0"
      - "${digestOfName('app-8')}"
  images-by-tag-regex:
    nginx: ^1\\.13\\.[12]-alpine-perl$
  images-by-semver:
    alpine: ">= 3.12.0"
  credentials:
    username: sync
    password: not-a-secret
  tls-verify: true
  cert-dir: CERTS
quay.io:
  tls-verify: false
  images:
    coreos/etcd:
      - latest
`;

/** The lines of skopeo-sync(1), in its order; OUT and IN are /media/usb there. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  ['to a local directory', '--src docker --dest dir registry.example.com/busybox OUT'],
  [
    'to a container registry from local',
    '--src dir --dest docker IN/busybox:1-glibc my-registry.local.lan/test/',
  ],
  [
    'to a local directory, scoped',
    '--src docker --dest dir --scoped registry.example.com/busybox OUT',
  ],
  [
    'to a container registry',
    '--src docker --dest docker registry.example.com/busybox my-registry.local.lan',
  ],
  [
    'to a container registry keeping the repository',
    '--src docker --dest docker registry.example.com/repo/busybox my-registry.local.lan/repo',
  ],
  [
    'to a container registry with tag suffix',
    '--src docker --dest docker --append-suffix -mirror registry.example.com/busybox my-registry.local.lan',
  ],
  ['YAML file content', '--src yaml --dest docker sync.yml my-registry.local.lan/repo/'],
  ['YAML file content, to directories', '--src yaml --dest dir sync.yml OUT'],
];

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Path below the output → manifest. */
  readonly directories: Readonly<Record<string, string>>;
  readonly asked: Readonly<Record<Host, readonly string[]>>;
}

describeUnless(missingPeers('skopeo'), 'the examples of skopeo-sync(1)', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates(...HOSTS);
  });
  afterAll(() => certificates[Symbol.asyncDispose]());

  /** Runs one line in a world of its own. */
  async function sync(program: readonly string[], line: string): Promise<Outcome> {
    await using stack = new Disposables();
    const folder = stack.use(await tempDir());
    const registries = new Map<Host, Awaited<ReturnType<typeof startRecorded>>>();
    for (const host of HOSTS) {
      const auth = host === 'registry.example.com';
      registries.set(host, stack.use(await startRecorded({ auth, tls: certificates })));
    }
    const at = (host: Host) => registries.get(host) as Awaited<ReturnType<typeof startRecorded>>;
    for (const [host, repositories] of Object.entries(CONTENT))
      await seed(at(host as Host).storage, repositories);
    const routes = Object.fromEntries(
      HOSTS.map((host) => [`${host}:443`, Number(at(host).server.url.port)]),
    );
    const proxy = stack.use(await startProxyServer({ routes }));
    for (const name of ['out', 'certs', 'in', 'home']) await mkdir(folder.join(name));
    await writeFile(folder.join('ca.pem'), certificates.ca);
    await writeFile(folder.join('certs', 'ca.crt'), certificates.ca);
    await writeFile(folder.join('sync.yml'), FILE.replace('CERTS', folder.join('certs')));
    const auth = Buffer.from('sync:not-a-secret').toString('base64');
    await writeFile(
      folder.join('auth.json'),
      JSON.stringify({ auths: { 'registry.example.com': { auth } } }),
    );
    const via = `http://127.0.0.1:${proxy.port}`;
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder.join('home'),
      REGISTRY_AUTH_FILE: folder.join('auth.json'),
      HTTP_PROXY: via,
      HTTPS_PROXY: via,
      SSL_CERT_FILE: folder.join('ca.pem'),
      SSL_CERT_DIR: folder.join('certs'),
      REGCTL_CACHE: 'off',
    };
    const fill = (text: string): string =>
      text.replace('OUT', folder.join('out')).replace('IN', folder.join('in'));
    const start = (words: string) => {
      const [command = '', ...args] = [...program, ...fill(words).split(' ')];
      return run(command, args, { env, cwd: folder.path });
    };
    if (line.includes('IN/')) {
      const given = '--src docker --dest dir registry.example.com/busybox:1-glibc IN';
      expect((await start(given)).code).toBe(0);
    }
    for (const { requests } of registries.values()) requests.length = 0;
    const { code, stderr } = await start(line);
    const contents = await contentsOf(at('my-registry.local.lan').storage);
    const names = await readdir(folder.join('out'), { recursive: true });
    const manifests = names.filter((name) => name.endsWith('manifest.json')).toSorted();
    return {
      code,
      stderr,
      tags: Object.fromEntries(Object.entries(contents).map(([name, { tags }]) => [name, tags])),
      directories: Object.fromEntries(
        await Promise.all(
          manifests.map(async (name) => [
            relative('.', name),
            await readFile(folder.join('out', name), 'utf8'),
          ]),
        ),
      ),
      asked: {
        'registry.example.com': [...at('registry.example.com').requests],
        'quay.io': [...at('quay.io').requests],
        'my-registry.local.lan': [...at('my-registry.local.lan').requests],
      },
    };
  }

  it.each(EXAMPLES)('%s', async (_name, line) => {
    const theirs = await sync([peer('skopeo') ?? '', '--insecure-policy', 'sync'], line);
    const ours = await sync([process.execPath, BIN, 'sync'], line);
    expect(theirs.code, theirs.stderr).toBe(0);
    expect(ours.code, ours.stderr).toBe(0);
    expect(ours.tags).toEqual(theirs.tags);
    expect(ours.directories).toEqual(theirs.directories);
    const wrote = Object.values(ours.tags).flatMap(Object.keys).length;
    expect(wrote + Object.keys(ours.directories).length).toBeGreaterThan(0);
    for (const host of HOSTS)
      expect(ours.asked[host].length, host).toBeLessThanOrEqual(theirs.asked[host].length);
  });
});
