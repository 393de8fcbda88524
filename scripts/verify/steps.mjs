import { spawnSync } from 'node:child_process';
import { npmCli } from '../node.mjs';

/** Runs a program to its end, its output shown, and says how long it took. True: status 0. */
export function step(title, command, args, env = {}) {
  const started = Date.now();
  process.stdout.write(`\n== ${title}: ${args.join(' ')}\n`);
  const done = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`== ${title}: ${done.status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  return done.status === 0;
}

/** The same for npm, without the shell that Windows needs for it. */
export function npmStep(title, args) {
  return step(title, process.execPath, [npmCli(), ...args]);
}
