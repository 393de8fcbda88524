// Loaded into a regctl process by NODE_OPTIONS: says at its end what the process has cost.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['REGCTL_LOAD_REPORTS'];
let drained = false;
process.once('beforeExit', () => {
  drained = true;
});
process.once('exit', () => {
  if (folder === undefined) return;
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ drained, peakKb: peakKb() }));
});

/** Linux alone tells it without what the parent had. */
function peakKb() {
  try {
    const [, kb] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kb);
  } catch {
    return null;
  }
}
