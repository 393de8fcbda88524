// One run of a program: wall time, CPU (user + system) and peak memory of the process itself.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TIME = '/usr/bin/time';

/** @returns {Promise<{wallMs: number, cpuMs?: number, rssMb?: number, output: string}>} */
export async function measure(argv, { env, cwd }) {
  const report = join(cwd, 'time.txt');
  const timed = existsSync(TIME);
  const command = timed ? [TIME, '-q', '-f', '%U %S %M', '-o', report, ...argv] : argv;
  const started = performance.now();
  const child = spawn(command[0], command.slice(1), {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallMs = performance.now() - started;
  if (code !== 0) throw new Error(`${argv.join(' ')}\nended with ${code}:\n${output}`);
  if (!timed) return { wallMs, output };
  const [user, system, kib] = readFileSync(report, 'utf8').trim().split(/\s+/u).map(Number);
  return { wallMs, cpuMs: (user + system) * 1000, rssMb: kib / 1024, output };
}

export function median(values) {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
