import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const COMMANDS = [
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  ['scripts/bundle.mjs'],
];

/** Tests that start `bin/regctl.js` need a build of this very source. */
export function setup(): void {
  // `npm run verify` has built already; and each project of a run comes here.
  if (process.env['REGCTL_BUILT'] !== undefined) return;
  process.env['REGCTL_BUILT'] = '1';
  for (const args of COMMANDS) {
    const done = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`the build failed:\n${done.stdout}${done.stderr}`);
  }
}
