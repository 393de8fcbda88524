// Installs, builds, lints, type-checks and tests everything, against real registries where they are.
// Last line: "N passed, N failed, N skipped".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { npmCli } from './node.mjs';

process.chdir(join(import.meta.dirname, '..'));

/** Without a shell, which Windows needs for `npm`. */
const npm = (...args) => [process.execPath, [npmCli(), ...args]];

/** Debian's packages that the tests use as real peers, by the program or file each brings. */
const PEERS = {
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  htpasswd: 'apache2-utils',
  openssl: 'openssl',
  squid: 'squid',
  'docker-credential-pass': 'golang-docker-credential-helpers',
  pass: 'pass',
  gpg: 'gnupg',
  'dbus-run-session': 'dbus',
  'gnome-keyring-daemon': 'gnome-keyring',
  // What keytar is linked with, where npm has to build it.
  '/usr/include/libsecret-1/libsecret/secret.h': 'libsecret-1-dev',
  'pkg-config': 'pkg-config',
};

function has(program) {
  if (program.startsWith('/')) return existsSync(program);
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

function step(title, command, args, env = {}) {
  const started = Date.now();
  process.stdout.write(`\n== ${title}: ${command} ${args.join(' ')}\n`);
  const done = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`== ${title}: ${done.status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  return done.status === 0;
}

function installPeers() {
  const packages = Object.entries(PEERS)
    .filter(([program]) => !has(program))
    .map(([, name]) => name);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    process.stdout.write(
      `\n== Missing ${packages.join(', ')}; not root with apt, so their tests are skipped.\n`,
    );
    return;
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  step('Debian packages', 'apt-get', ['update', '-qq'], env);
  step(
    'Debian packages',
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    env,
  );
}

function finish(passed, failed, skipped) {
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'regctl-verify-'));
  const report = join(folder, 'report.json');
  try {
    const ok = step('Tests', process.execPath, [
      join('scripts', 'node.mjs'),
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    return { ok, ...JSON.parse(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

installPeers();
const checks = [
  ['Install', ...npm('ci', '--no-audit', '--no-fund', '--loglevel=error')],
  ['Build', ...npm('run', '--silent', 'build')],
  ['Lint', ...npm('run', '--silent', 'lint')],
  ['Types', ...npm('run', '--silent', 'typecheck')],
];
for (const check of checks) if (!step(...check)) finish(0, 1, 0);

const report = runTests();
const skipped = report.testResults
  .flatMap((file) => file.assertionResults)
  .filter((test) => test.status === 'skipped' || test.status === 'pending');
if (skipped.length > 0) process.stdout.write('\nSkipped, each with its reason in its name:\n');
for (const test of skipped) process.stdout.write(`  - ${test.fullName}\n`);
// A test file that fails to load counts as one failure even though it ran no test.
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = report.numFailedTests + brokenFiles;
finish(report.numPassedTests, failed === 0 && !report.ok ? 1 : failed, skipped.length);
