import { spawnSync } from 'node:child_process';
import { npmCli } from '../node.mjs';

/** Runs a program, shows its output and time. Returns whether its exit status is 0. */
export function step(title, command, args, env = {}) {
  const started = Date.now();
  process.stdout.write(`\n== ${title}: ${args.join(' ')}\n`);
  const done = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`== ${title}: ${done.status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  return done.status === 0;
}

/** Runs npm like `step`, without the shell that Windows needs for npm. */
export function npmStep(title, args) {
  return step(title, process.execPath, [npmCli(), ...args]);
}
