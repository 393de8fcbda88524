import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** End-to-end tests spawn `bin/regctl.js`, so the build must be of this very source. */
export function setup(): void {
  const root = join(import.meta.dirname, '../..');
  const done = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`the build failed:\n${done.stdout}${done.stderr}`);
}
