// The versions of Node.js that regctl is measured on: --nodes 24,26,22. The first is the main one.
import { execFileSync } from 'node:child_process';

const PLATFORM = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** @returns {{major: string, path: string, version: string}[]} */
export function findNodes(list) {
  if (list === undefined) return [describe(process.execPath)];
  return list.split(',').map((major) => describe(pathOf(major)));
}

/** The platform's own package, as in scripts/node.mjs; this process if it is that version. */
function pathOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const args = ['exec', '--yes', '--loglevel=error', `--package=${PLATFORM}@${major}`];
  return execFileSync('npm', [...args, '--', 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
  }).trim();
}

function describe(path) {
  const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
  return { major: version.split('.')[0], path, version };
}
