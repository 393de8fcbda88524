// files IMAGE next to `crane export IMAGE | tar t`: an image of 100,000 entries in 20 layers.
// node bench/files.mjs [--rounds N] [--entries N] [--layers N] [--size MiB]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { registryPlace } from './lib/images.mjs';
import { putFilesImage } from './lib/layers.mjs';
import { measure, median } from './lib/measure.mjs';
import { startRegistry } from './lib/registry.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    entries: { type: 'string', default: '100000' },
    layers: { type: 'string', default: '20' },
    size: { type: 'string', default: '1024' },
  },
});
const rounds = Number(values.rounds);
const shape = {
  entries: Number(values.entries),
  layers: Number(values.layers),
  size: Number(values.size) * 1024 * 1024,
};

const dir = await mkdtemp(join(process.env.BENCH_TMP ?? tmpdir(), 'bench-files-'));
const registry = await startRegistry(join(dir, 'registry'));
try {
  const ref = `${registry.host}/files:1`;
  const bytes = await putFilesImage(registryPlace(registry.host, 'files'), '1', shape);
  const regctl = `${process.execPath} ${join(import.meta.dirname, '../bin/regctl.js')}`;
  const jobs = {
    'regctl files': ['sh', '-c', `${regctl} files ${ref} > /dev/null`],
    'crane export | tar t': ['sh', '-c', `crane export --insecure ${ref} - | tar t > /dev/null`],
  };
  const env = { PATH: [process.env.BENCH_PEERS, process.env.PATH].filter(Boolean).join(':') };
  const runs = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of Object.entries(jobs))
      runs[name].push(await measure(argv, { env: { ...env, HOME: dir }, cwd: dir }));
  }
  const summary = Object.entries(runs).map(([name, all]) => ({
    name,
    wall: median(all.map((one) => one.wallMs)) / 1000,
    cpu: median(all.map((one) => one.cpuMs)) / 1000,
    memory: Math.max(...all.map((one) => one.rssMb)),
  }));
  console.log(
    `${shape.entries} entries, ${shape.layers} layers, ${(bytes / 1024 ** 2).toFixed(0)} MiB compressed, ${rounds} rounds`,
  );
  for (const { name, wall, cpu, memory } of summary)
    console.log(
      `${name.padEnd(22)} ${wall.toFixed(2)} s  CPU ${cpu.toFixed(2)} s  ${memory.toFixed(0)} MB`,
    );
  const [ours, theirs] = summary;
  const ratio = (key) => (ours[key] / theirs[key]).toFixed(2);
  console.log(`ratio: wall ${ratio('wall')}, CPU ${ratio('cpu')}`);
} finally {
  await registry.stop();
  await rm(dir, { recursive: true, force: true });
}
