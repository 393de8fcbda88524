// Where the programs of others are: BENCH_PEERS, what `npm run peers` built, the PATH.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export function find(name) {
  const dirs = [
    ...(process.env.BENCH_PEERS ?? '').split(delimiter),
    join(homedir(), '.cache/regctl-peers/bin'),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return dirs
    .filter(Boolean)
    .map((dir) => join(dir, name))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
