import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { makeImage, makeIndex, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { startProxyServer } from '../helpers/proxy-server.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { CLOUDS } from '../helpers/stand-ins/clouds.ts';
import { Engine } from '../helpers/stand-ins/engine.ts';
import type { StandIn } from '../helpers/stand-ins/types.ts';
import { hostsOf } from '../helpers/stand-ins/world.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';
import { contentsOf } from '../sync/recorded-registry.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

function standIn(id: string, more: Partial<StandIn> = {}): StandIn {
  const found = CLOUDS.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no stand-in "${id}"`);
  return { ...found, lists: { ...found.lists, page: 100 }, ...more };
}

const HUB = standIn('docker-hub', {
  // More than the file wants to be left, so that nobody waits.
  rateLimit: { 'ratelimit-limit': '200;w=21600', 'ratelimit-remaining': '176;w=21600' },
});
const GHCR = standIn('ghcr');

/** Repository → tags; a tag with an even count of letters is an index. */
const CONTENT: readonly (readonly [StandIn, string, readonly string[]])[] = [
  [HUB, 'library/busybox', ['latest', '1.36']],
  [HUB, 'library/alpine', ['latest', 'edge', '3', '3.19', '3.20', '3.20.1', '20240101']],
  [HUB, 'library/debian', ['12', '11', '12.1', 'bookworm', 'latest']],
  [GHCR, 'regclient/regctl', ['latest', 'edge']],
];

/** What docs/examples/regsync.yml of regclient says, with its file of a token elsewhere. */
const regsyncFile = (token: string): object => ({
  version: 1,
  creds: [
    { registry: 'registry:5000', tls: 'disabled' },
    { registry: 'docker.io', user: '{{env "HUB_USER"}}', pass: `{{file "${token}"}}` },
  ],
  defaults: {
    ratelimit: { min: 100, retry: '15m' },
    parallel: 2,
    interval: '60m',
    backup: 'bkup-{{.Ref.Tag}}',
  },
  sync: [
    { source: 'busybox:latest', target: 'registry:5000/library/busybox:latest', type: 'image' },
    {
      source: 'alpine',
      target: 'registry:5000/library/alpine',
      type: 'repository',
      tags: { allow: ['latest', '3', String.raw`3.\d+`] },
    },
    {
      source: 'debian',
      target: 'registry:5000/library/debian',
      type: 'repository',
      tags: { allow: [String.raw`\d+`] },
      mediaTypes: [
        'application/vnd.docker.distribution.manifest.v1+json',
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        'application/vnd.docker.distribution.manifest.v2+json',
        'application/vnd.docker.distribution.manifest.list.v2+json',
        'application/vnd.oci.image.manifest.v1+json',
        'application/vnd.oci.image.index.v1+json',
      ],
    },
    {
      source: 'ghcr.io/regclient/regctl:latest',
      target: 'registry:5000/regclient/regctl:latest',
      type: 'image',
    },
  ],
});

interface Outcome {
  readonly done: Finished;
  readonly after: Record<string, Record<string, string>>;
  /** "GET host/v2/…", without tokens. */
  readonly asked: readonly string[];
}

describeUnless(missingPeers('regsync'), "regclient's example of a sync file", () => {
  let certificates: Certificates;
  let dir: TempDir;
  let images: Map<string, TestImage>;
  beforeAll(async () => {
    certificates = await makeCertificates(...[HUB, GHCR].flatMap(hostsOf));
    dir = await tempDir();
    images = new Map();
    for (const [, name, tags] of CONTENT)
      for (const tag of tags)
        images.set(
          `${name}:${tag}`,
          tag.length % 2 === 0 ? await makeIndex({ layers: 1 }) : await makeImage({ layers: 1 }),
        );
    await mkdir(dir.join('ca'));
    await writeFile(dir.join('ca', 'ca.pem'), certificates.ca);
    await writeFile(dir.join('token'), HUB.login.password);
    await writeFile(dir.join('regsync.yml'), JSON.stringify(regsyncFile(dir.join('token'))));
  });
  afterAll(async () => {
    await certificates[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  /** Runs a program twice in a world of its own; the second run has nothing to do. */
  async function sync(argv: readonly string[]): Promise<readonly Outcome[]> {
    const engines = [new Engine(HUB), new Engine(GHCR)];
    for (const [registry, name, tags] of CONTENT) {
      const content = engines.find(({ standIn: one }) => one === registry)?.content;
      content?.make(name);
      for (const tag of tags) {
        const image = images.get(`${name}:${tag}`);
        for (const { descriptor, bytes } of image?.nodes.values() ?? []) {
          const { mediaType: type, digest } = descriptor;
          const isManifest = /manifest|index/u.test(type);
          const ref = digest === image?.root.digest ? tag : digest;
          if (isManifest) content?.putManifest(name, ref, { type, bytes: Buffer.from(bytes) });
          else content?.putBlob(name, digest, Buffer.from(bytes));
        }
      }
    }
    await using server = await startScriptedServer(
      (request) => {
        for (const engine of engines) {
          const reply = engine.answer(request);
          if (reply !== undefined) return reply;
        }
        return { status: 404 };
      },
      { tls: certificates },
    );
    const storage = createMemoryStorage();
    const target = await startRegistryServer({ storage });
    await using proxy = await startProxyServer({
      routes: {
        ...Object.fromEntries([HUB, GHCR].flatMap(hostsOf).map((h) => [`${h}:443`, server.port])),
        'registry:5000': Number(target.url.port),
      },
    });
    const via = `http://127.0.0.1:${proxy.port}`;
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir.path,
      HUB_USER: HUB.login.username,
      HTTP_PROXY: via,
      HTTPS_PROXY: via,
      SSL_CERT_FILE: dir.join('ca', 'ca.pem'),
      SSL_CERT_DIR: dir.join('ca'),
      REGCTL_CACHE: 'off',
    };
    const outcomes: Outcome[] = [];
    try {
      for (const _ of [1, 2]) {
        const before = server.requests.length;
        const done = await run(argv[0] ?? '', argv.slice(1), { env, cwd: dir.path });
        const contents = await contentsOf(storage);
        outcomes.push({
          done,
          after: Object.fromEntries(
            Object.entries(contents).map(([name, { tags }]) => [name, tags]),
          ),
          asked: server.requests
            .slice(before)
            .map(({ method, path, headers }) => `${method} ${headers.host}${path}`)
            .filter((line) => line.includes('/v2/') && !line.includes('token')),
        });
      }
    } finally {
      await target.close();
    }
    return outcomes;
  }

  const manifests = ({ asked }: Outcome): string[] =>
    asked.filter((line) => /^GET \S+\/manifests\//u.test(line));

  it('does what regsync does on the same registries, and asks no more of them', async () => {
    const theirs = await sync([peer('regsync') ?? '', '-c', dir.join('regsync.yml'), 'once']);
    const ours = await sync([process.execPath, BIN, 'sync', '--file', dir.join('regsync.yml')]);
    for (const [i, { done, after }] of ours.entries()) {
      expect(done.code, done.stderr).toBe(0);
      expect(theirs[i]?.done.code, theirs[i]?.done.stderr).toBe(0);
      expect(after).toEqual(theirs[i]?.after);
      expect(ours[i]?.asked.length).toBeLessThanOrEqual(theirs[i]?.asked.length ?? 0);
    }
    const [first, second] = ours as [Outcome, Outcome];
    // What was chosen by the patterns was really copied.
    expect(Object.keys(first.after['library/alpine'] ?? {}).toSorted()).toEqual([
      '3',
      '3.19',
      '3.20',
      'latest',
    ]);
    expect(Object.keys(first.after['library/debian'] ?? {}).toSorted()).toEqual(['11', '12']);
    expect(manifests(first).length).toBeGreaterThanOrEqual(8);
    expect(manifests(first).length).toBeLessThanOrEqual(manifests(theirs[0] as Outcome).length);
    // Docker Hub counts a GET: nothing to do costs none.
    expect(manifests(second).filter((line) => line.includes('docker.io'))).toEqual([]);
  });
});
