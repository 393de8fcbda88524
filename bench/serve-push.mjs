// What 1 GiB pushed by crane costs regctl serve and other registries: node bench/serve-push.mjs (bench/README.md)
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { layoutPlace, putImage } from './lib/images.mjs';
import { median } from './lib/measure.mjs';
import { find } from './lib/find.mjs';
import { findServers } from './lib/serve-servers.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    layers: { type: 'string', default: '8' },
    size: { type: 'string', default: '128' },
  },
});
const [rounds, layers, size] = ['rounds', 'layers', 'size'].map((name) => Number(values[name]));

const crane = find('crane');
if (crane === undefined) throw new Error('there is no crane: npm run peers builds it');
const work = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'regctl-bench-push-'));
const results = new Map();
try {
  const layout = join(work, 'layout');
  const place = await layoutPlace(layout);
  await putImage(place, 'v1', { layers, layerSize: size * 2 ** 20 });
  await place.close();
  const servers = await findServers();
  for (const { name } of servers) results.set(name, []);
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < servers.length; i += 1) {
      const server = servers[(i + round) % servers.length];
      results.get(server.name).push(await push(server, layout));
    }
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

/** Seconds, and CPU time and memory of the registry, its start included. */
async function push(server, layout) {
  const dir = await mkdtemp(join(work, 'server-'));
  const running = await server.start(dir);
  try {
    const begun = performance.now();
    const { host } = new URL(running.base);
    const done = spawnSync(crane, ['push', layout, `${host}/app:v1`], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`crane push: ${done.stderr}`);
    return { wall: (performance.now() - begun) / 1000, ...running.usage() };
  } finally {
    await running.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

console.log(
  `crane push of ${layers} layers of ${size} MiB; median (smallest to largest) of ${rounds} rounds, ${cpus().length} × ${cpus()[0].model}, Node.js ${process.versions.node}\n`,
);
console.log('| | CPU of the registry | time | peak memory |');
console.log('|---|---:|---:|---:|');
for (const [name, all] of results) {
  const seconds = (pick) => {
    const sorted = all.map(pick).toSorted((a, b) => a - b);
    return `${median(sorted).toFixed(2)} s (${sorted[0].toFixed(2)} to ${sorted.at(-1).toFixed(2)})`;
  };
  const memory = Math.round(median(all.map((one) => one.memory)) / 1e6);
  const row = [name, seconds((one) => one.cpu), seconds((one) => one.wall), `${memory} MB`];
  console.log(`| ${row.join(' | ')} |`);
}
