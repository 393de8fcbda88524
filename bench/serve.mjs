// regctl serve next to distribution under parallel pushes and pulls: node bench/serve.mjs (bench/README.md)
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load, makeImages } from './lib/serve-load.mjs';
import { findServers } from './lib/serve-servers.mjs';

const { values } = parseArgs({
  options: {
    parallel: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
    layers: { type: 'string', default: '4' },
    size: { type: 'string', default: '4' },
  },
});
const [parallel, rounds, layers, size] = ['parallel', 'rounds', 'layers', 'size'].map((name) =>
  Number(values[name]),
);

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const servers = await findServers();
const results = new Map(servers.map(({ name }) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  // Images of their own for each round; each server begins one round.
  const images = makeImages(parallel, layers, size * 2 ** 20);
  for (let i = 0; i < servers.length; i += 1) {
    const server = servers[(i + round) % servers.length];
    const dir = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'regctl-bench-serve-'));
    const running = await server.start(dir);
    try {
      results.get(server.name).push(await load(running.base, images, running.usage));
    } finally {
      await running.stop();
      await rm(dir, { recursive: true, force: true });
    }
  }
}

const bytes = parallel * layers * size * 2 ** 20;
const rate = (seconds) => `${Math.round(bytes / seconds / 1e6)} MB/s`;
const ms = (seconds) => `${Math.round(seconds * 1000)} ms`;
console.log(
  `${parallel} pushes, then ${parallel} pulls at once, each an image of ${layers} layers of ${size} MiB; median of ${rounds} rounds, ${cpus().length} × ${cpus()[0].model}, Node.js ${process.versions.node}\n`,
);
console.log(
  '| | pushes | median push | slowest push | pulls | median pull | slowest pull | peak memory | CPU |',
);
console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|');
for (const [name, all] of results) {
  const of = (pick) => median(all.map(pick));
  const times = (kind) => [
    rate(of((one) => one[kind].total)),
    ms(of((one) => median(one[kind].each))),
    ms(of((one) => Math.max(...one[kind].each))),
  ];
  const usage = [
    `${Math.round(of((one) => one.memory) / 1e6)} MB`,
    `${of((one) => one.cpu).toFixed(1)} s`,
  ];
  console.log(`| ${[name, ...times('push'), ...times('pull'), ...usage].join(' | ')} |`);
}
