// Start-up of regctl beside bare node, in turn in one run. Prints medians, differences and ratios.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

const RUNS = Number(process.argv[2] ?? 21);
const BIN = join(import.meta.dirname, '../bin/regctl.js');
const CASES = {
  'node -e 0': ['-e', '0'],
  'regctl --version': [BIN, '--version'],
  'regctl --help': [BIN, '--help'],
};

function once(args) {
  const started = performance.now();
  const done = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (done.status !== 0) throw new Error(`${args.join(' ')} ended with ${done.status}`);
  return performance.now() - started;
}

const times = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
for (let i = 0; i < RUNS; i += 1) {
  for (const [name, args] of Object.entries(CASES)) times[name].push(once(args));
}
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const base = median(times['node -e 0']);
console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0].model}, median of ${RUNS} runs`,
);
for (const [name, list] of Object.entries(times)) {
  const ms = median(list);
  console.log(
    `${name.padEnd(18)} ${ms.toFixed(1).padStart(7)} ms  +${(ms - base).toFixed(1).padStart(5)} ms  × ${(ms / base).toFixed(2)}`,
  );
}
