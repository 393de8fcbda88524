// A mirror of many repositories between two docker-registries: regctl sync next to skopeo sync and
// regsync, in turn in one run. node bench/sync.mjs [--repositories N] [--tags N] [--tools a,b]
import { createHash, randomFillSync } from 'node:crypto';
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { registryPlace } from './lib/images.mjs';
import { measure } from './lib/measure.mjs';
import { freePort } from './lib/registry.mjs';

const { values } = parseArgs({
  options: {
    repositories: { type: 'string', default: '200' },
    tags: { type: 'string', default: '20' },
    tools: { type: 'string', default: 'regctl,regsync,skopeo' },
  },
});
const names = Array.from({ length: Number(values.repositories) }, (_one, i) => `team/app${i}`);
const tags = Array.from({ length: Number(values.tags) }, (_one, i) => `v${i}`);
const dir = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'bench-sync-'));
const PATH = [process.env.BENCH_PEERS, process.env.PATH].filter(Boolean).join(delimiter);

/** A docker-registry that writes down each request. */
async function startLogged(name) {
  const folder = join(dir, name);
  await mkdir(folder);
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const log = join(folder, 'access.log');
  const out = openSync(log, 'w');
  const child = spawn('docker-registry', ['serve', join(folder, 'config.json')], {
    stdio: ['ignore', out, 'ignore'],
  });
  const host = `127.0.0.1:${port}`;
  for (let tries = 0; ; tries += 1) {
    const up = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    );
    if (up) break;
    if (tries > 200) throw new Error('docker-registry did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let seen = 0;
  return {
    host,
    folder,
    /** Requests since the last call. */
    requests() {
      const all = readFileSync(log, 'utf8').match(/"(?:GET|HEAD|POST|PUT|PATCH|DELETE) \/v2\//gu);
      const since = (all?.length ?? 0) - seen;
      seen += since;
      return since;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/** Repositories that are filled at a time. */
const FILLING = 16;

/** Small layers, so that requests are measured: one that all have, one of the repository, one of the tag. */
async function fill(host) {
  const base = randomFillSync(Buffer.alloc(64 * 1024));
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
      await fillOne(registryPlace(host, name), base);
  };
  await Promise.all(Array.from({ length: FILLING }, worker));
}

async function fillOne(place, base) {
  const own = randomFillSync(Buffer.alloc(16 * 1024));
  for (const bytes of [base, own]) await place.blob(digestOf(bytes), bytes);
  for (const tag of tags) {
    const layer = randomFillSync(Buffer.alloc(4 * 1024));
    const rootfs = { type: 'layers', diff_ids: [base, own, layer].map(digestOf) };
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }),
    );
    for (const bytes of [layer, config]) await place.blob(digestOf(bytes), bytes);
    const describe = (mediaType, bytes) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: describe(TYPES.config, config),
      layers: [base, own, layer].map((bytes) => describe(TYPES.layer, bytes)),
    };
    await place.manifest(tag, TYPES.manifest, Buffer.from(JSON.stringify(manifest)));
  }
}

const bin = join(import.meta.dirname, '../bin/regctl.js');

/** What each tool is called with, and its file, for the same work. */
const TOOLS = {
  regctl: (from, to) => ({
    argv: [process.execPath, bin, 'sync', '--file', 'regctl.yml', '-q'],
    file: ['regctl.yml', regsyncFile(from, to)],
  }),
  skopeo: (from, to) => ({
    argv: `skopeo --insecure-policy sync --all --src yaml --dest docker --dest-tls-verify=false skopeo.yml ${to}/team`.split(
      ' ',
    ),
    file: [
      'skopeo.yml',
      JSON.stringify({
        [from]: { 'tls-verify': false, images: Object.fromEntries(names.map((n) => [n, []])) },
      }),
    ],
  }),
  regsync: (from, to) => ({
    argv: ['regsync', '-c', 'regsync.yml', '-v', 'error', 'once'],
    file: ['regsync.yml', regsyncFile(from, to)],
  }),
};

// JSON is YAML.
function regsyncFile(from, to) {
  return JSON.stringify({
    version: 1,
    creds: [from, to].map((registry) => ({ registry, tls: 'disabled' })),
    defaults: { parallel: 8 },
    sync: names.map((name) => ({
      source: `${from}/${name}`,
      target: `${to}/${name}`,
      type: 'repository',
    })),
  });
}

const source = await startLogged('source');
const running = [source];
try {
  await fill(source.host);
  console.log(`${names.length} repositories × ${tags.length} tags`);
  console.log('tool      what      wall s   CPU s   memory MB   requests');
  for (const tool of values.tools.split(',')) {
    const target = await startLogged(`target-${tool}`);
    running.push(target);
    const { argv, file } = TOOLS[tool](source.host, target.host);
    const [name, text] = file;
    await writeFile(join(dir, name), text);
    for (const what of ['mirror', 'again']) {
      source.requests();
      target.requests();
      const env = { PATH, HOME: dir };
      const { wallMs, cpuMs, rssMb } = await measure(argv, { env, cwd: dir });
      const requests = source.requests() + target.requests();
      const cells = [wallMs / 1000, cpuMs / 1000, rssMb].map((one) => one.toFixed(1).padStart(8));
      console.log(`${tool.padEnd(9)} ${what.padEnd(7)} ${cells.join(' ')} ${requests}`);
    }
    target.stop();
    await rm(target.folder, { recursive: true, force: true });
  }
} finally {
  for (const one of running) one.stop();
  await rm(dir, { recursive: true, force: true });
}
