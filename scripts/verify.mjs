// Installs, builds, lints, type-checks and tests everything, with real registries if installed.
// npm run verify -- --times N --busy M   N runs, the last M of them on busy cores, and a table
// npm run verify:peers                   only the tests that need other projects' programs, and those under load
// Last line: "N passed, N failed, N skipped".
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installDebianPackages } from './verify/debian.mjs';
import { npmStep } from './verify/steps.mjs';
import { runTests } from './verify/tests.mjs';
import { runTimes } from './verify/times.mjs';

process.chdir(join(import.meta.dirname, '..'));

const CHECKS = [
  ['Install', 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
  ['Build', 'run', '--silent', 'build'],
  ['Lint and types', 'run', '--silent', 'lint'],
];

async function verify(suite) {
  installDebianPackages(suite);
  const checks = suite === 'peers' ? CHECKS.slice(0, 2) : CHECKS;
  if (!checks.every(([title, ...args]) => npmStep(title, args))) return [0, 1, 0];
  return runTests(suite);
}

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
    busy: { type: 'string', default: '0' },
  },
});
const [times, busy] = [Number(values.times), Number(values.busy)];
const suite = values.peers ? 'peers' : 'usual';
const counts =
  times === 1 && busy === 0 ? await verify(suite) : await runTimes({ times, busy, suite });
const [passed, failed, skipped] = counts;
process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
// Without any peer, all tests of the suite are skipped.
process.exitCode = failed === 0 && (passed > 0 || values.peers) ? 0 : 1;
