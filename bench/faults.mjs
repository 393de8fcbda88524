// Copies one image through nine faults with regctl and whichever of its peers are there, all with
// their defaults, and prints a table. Build first: npm run build. Peers: bench/README.md.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHarm } from './lib/harm.mjs';
import { putImage, registryPlace } from './lib/images.mjs';
import { startRegistry } from './lib/registry.mjs';
import { findTools, versionOf } from './lib/tools.mjs';

const MIB = 1024 * 1024;
const LIMIT_MS = 120_000;

const isData = ({ method, headers }) =>
  (method === 'PUT' || method === 'PATCH') &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 1000);
const onManifestGet = ({ method, url }) => method === 'GET' && url.includes('/manifests/');
const onLayerGet =
  (digest) =>
  ({ method, url }) =>
    method === 'GET' && url.includes(digest);
const onUpload = (request) => request.url.includes('/blobs/uploads/') && isData(request);
const onManifestPut = ({ method, url }) => method === 'PUT' && url.includes('/manifests/');
const after = (seconds) => ({ status: 429, headers: { 'retry-after': String(seconds) } });

/** `on`: which requests, by the layer's digest; `count`: how many of them. */
const FAULTS = [
  {
    title: '429, Retry-After 2, twice, manifest GET',
    side: 'source',
    on: () => onManifestGet,
    count: 2,
    harm: after(2),
  },
  {
    title: '429, Retry-After 8, 4 times, manifest GET',
    side: 'source',
    on: () => onManifestGet,
    count: 4,
    harm: after(8),
  },
  { title: '503 once, layer GET', side: 'source', on: onLayerGet, count: 1, harm: { status: 503 } },
  { title: '429 once, layer GET', side: 'source', on: onLayerGet, count: 1, harm: { status: 429 } },
  {
    title: '503 once, upload data',
    side: 'destination',
    on: () => onUpload,
    count: 1,
    harm: { status: 503 },
  },
  {
    title: '429 once, upload data',
    side: 'destination',
    on: () => onUpload,
    count: 1,
    harm: { status: 429 },
  },
  {
    title: '500 once, manifest PUT',
    side: 'destination',
    on: () => onManifestPut,
    count: 1,
    harm: { status: 500 },
  },
  {
    title: 'download cut at 30 of 64 MiB',
    side: 'source',
    on: onLayerGet,
    count: 1,
    harm: { cutDown: 30 * MIB },
  },
  {
    title: 'upload cut at 20 of 64 MiB',
    side: 'destination',
    on: () => onUpload,
    count: 1,
    harm: { cutUp: 20 * MIB },
  },
];

function times(matches, count, harm) {
  let left = count;
  return (request) => {
    if (left === 0 || !matches(request)) return undefined;
    left -= 1;
    return harm;
  };
}

function run([command, ...args], env, cwd) {
  const started = performance.now();
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk) => {
    words += chunk;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, seconds: (performance.now() - started) / 1000, words });
    });
  });
}

async function digestAt(host, repository) {
  const response = await fetch(`http://${host}/v2/${repository}/manifests/v1`, {
    method: 'HEAD',
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return response.headers.get('docker-content-digest');
}

async function layersOf(host, repository) {
  const response = await fetch(`http://${host}/v2/${repository}/manifests/v1`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return (await response.json()).layers.map(({ digest }) => digest);
}

const dir = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'regctl-faults-'));
const env = { PATH: process.env.PATH, HOME: dir, TMPDIR: dir, XDG_RUNTIME_DIR: join(dir, 'run') };
const registries = await Promise.all(
  ['a', 'b'].map((name) => startRegistry(join(dir, `registry-${name}`))),
);
const [source, destination] = await Promise.all(registries.map(startHarm));
try {
  await mkdir(join(dir, 'run'));
  const tools = findTools();
  const names = tools.map((tool) => `${tool.name} ${versionOf(tool)}`);
  process.stdout.write(`| fault | ${names.join(' | ')} |\n|---|${'---|'.repeat(names.length)}\n`);
  const survived = tools.map(() => 0);
  for (const [row, { title, side, on, count, harm }] of FAULTS.entries()) {
    const cells = [];
    for (const [column, tool] of tools.entries()) {
      // An image for each cell: nobody finds at the destination what an earlier run brought.
      const name = `bench${row}x${column}/app`;
      const layerSize = title.includes('cut') ? 64 * MIB : 8 * MIB;
      await putImage(registryPlace(registries[0].host, name), 'v1', { layers: 1, layerSize });
      const wanted = await digestAt(registries[0].host, name);
      const [layer] = await layersOf(registries[0].host, name);
      const plan = times(on(layer), count, harm);
      source.begin(side === 'source' ? plan : () => undefined);
      destination.begin(side === 'destination' ? plan : () => undefined);
      const argv = tool.copy(`${source.host}/${name}:v1`, `${destination.host}/${name}:v1`);
      const { code, seconds, words } = await run(argv, env, dir);
      const whole = (await digestAt(registries[1].host, name)) === wanted;
      if (whole !== (code === 0))
        process.stderr.write(`${tool.name}: ${title}: rc ${code}\n${words}\n`);
      if (whole && code === 0) survived[column] += 1;
      const moved = `${Math.round(source.bytes.down / MIB)}↓ ${Math.round(destination.bytes.up / MIB)}↑`;
      cells.push(`${code === 0 ? 'ok' : '**fails**'} ${seconds.toFixed(1)} s, ${moved}`);
    }
    process.stdout.write(`| ${title} | ${cells.join(' | ')} |\n`);
  }
  const sums = survived.map((sum) => `${sum} of ${FAULTS.length}`);
  process.stdout.write(`| survived | ${sums.join(' | ')} |\n`);
} finally {
  await Promise.all([source.stop(), destination.stop(), ...registries.map((one) => one.stop())]);
  await rm(dir, { recursive: true, force: true });
}
