import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const LAST_LINE = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** Verifies several times, prints a table and returns the sums of [passed, failed, skipped]. */
export async function runTimes({ times, busy, suite }) {
  const rows = [];
  for (let run = 1; run <= times; run += 1) {
    const isBusy = run > times - busy;
    process.stdout.write(`\n==== Run ${run} of ${times}${isBusy ? ', on busy cores' : ''}\n`);
    const spinners = isBusy ? spin() : [];
    const started = Date.now();
    const counts = await verifyOnce(suite).finally(() => spinners.forEach((one) => one.kill()));
    rows.push({ run, isBusy, seconds: (Date.now() - started) / 1000, counts });
  }
  process.stdout.write('\n| run | busy | seconds | passed | failed | skipped |\n');
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const { run, isBusy, seconds, counts } of rows) {
    const cells = [run, isBusy ? 'yes' : 'no', seconds.toFixed(0), ...counts];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
  return [0, 1, 2].map((column) => rows.reduce((sum, { counts }) => sum + counts[column], 0));
}

/** Starts a process for each core that keeps it busy. */
function spin() {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}

function verifyOnce(suite) {
  const args = [process.argv[1], ...(suite === 'peers' ? ['--peers'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    tail = (tail + chunk).slice(-500);
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      const found = LAST_LINE.exec(tail.trimEnd().split('\n').at(-1) ?? '');
      resolve(found === null ? [0, 1, 0] : found.slice(1).map(Number));
    });
  });
}
