// Builds the programs that the tests compare regctl with into a cache directory, once per pinned version.
// Usage: npm run peers [-- NAME...]     Status 0: all are there. A failed build is one line and stops no other.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { unpackDocker, unpackSkopeo, unpackSkopeoTests } from './peers-debian.mjs';

/** The same directory as in `test/helpers/peers.ts`. */
const FOLDER =
  process.env.REGCTL_PEERS ??
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'regctl-peers');

/** Time limit of a build. */
const BUILD_LIMIT_MS = 45 * 60_000;

const REGCLIENT = { module: 'github.com/regclient/regclient', version: 'v0.11.7' };

/**
 * `name` is the name in tests, `path` the package below `module`; the last part of both names the
 * program. Fast builds come first.
 */
const PEERS = [
  {
    name: 'crane',
    module: 'github.com/google/go-containerregistry',
    path: 'cmd/crane',
    version: 'v0.22.1',
  },
  // Its program is also called regctl.
  { name: 'regclient', ...REGCLIENT, path: 'cmd/regctl' },
  // A folder with its own script of tests.
  { name: 'regclient-tests', ...REGCLIENT, build: copyTests },
  { name: 'regsync', ...REGCLIENT, path: 'cmd/regsync' },
  { name: 'regbot', ...REGCLIENT, path: 'cmd/regbot' },
  { name: 'oras', module: 'oras.land/oras', path: 'cmd/oras', version: 'v1.3.6' },
  { name: 'skopeo', version: 'sid', build: unpackSkopeo },
  // dockerd: Debian 12 has 20.10, which knows neither containerd's image store nor OCI archives.
  { name: 'docker-engine', version: 'sid', build: unpackDocker },
  // Folders with skopeo's own tests of versions 1.9.3 and 1.22.
  { name: 'skopeo-tests-bookworm', version: 'bookworm', build: unpackSkopeoTests },
  { name: 'skopeo-tests-sid', version: 'sid', build: unpackSkopeoTests },
  {
    name: 'distribution',
    module: 'github.com/distribution/distribution/v3',
    path: 'cmd/registry',
    version: 'v3.1.2',
  },
  {
    name: 'conformance',
    module: 'github.com/opencontainers/distribution-spec/conformance',
    version: 'v0.0.0-20260831232431-97274622c111',
  },
  {
    name: 'actionlint',
    module: 'github.com/rhysd/actionlint',
    path: 'cmd/actionlint',
    version: 'v1.7.12',
  },
  { name: 'helm', module: 'helm.sh/helm/v4', path: 'cmd/helm', version: 'v4.3.2' },
  {
    name: 'cosign',
    module: 'github.com/sigstore/cosign/v3',
    path: 'cmd/cosign',
    version: 'v3.1.3',
    slow: 'takes about five minutes and needs a current Go',
  },
];

/** Builds one program with `go install` and returns its path. */
function goInstall({ module, path, version }, folder) {
  const source = path === undefined ? module : `${module}/${path}`;
  // Without a C compiler and debug symbols.
  const done = spawnSync('go', ['install', '-ldflags=-s -w', `${source}@${version}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    cwd: folder,
    encoding: 'utf8',
    timeout: BUILD_LIMIT_MS,
  });
  if (done.error?.code === 'ENOENT') throw new Error('Go is not installed');
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(lastError(done.stderr));
  return join(folder, source.split('/').at(-1));
}

/** Copies what `build/ci-test.sh` of a module needs and returns the folder. */
function copyTests({ module, version }, folder) {
  const done = spawnSync('go', ['mod', 'download', '-json', `${module}@${version}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (done.error?.code === 'ENOENT') throw new Error('Go is not installed');
  const { Dir: from, Error: reason } = JSON.parse(done.stdout || '{}');
  if (from === undefined) throw new Error(reason ?? lastError(done.stderr));
  const to = join(folder, 'tests');
  for (const path of ['build/ci-test.sh', 'testdata/testrepo'])
    cpSync(join(from, path), join(to, path), { recursive: true });
  // Go keeps its files read-only.
  for (const name of ['', ...readdirSync(to, { recursive: true })])
    chmodSync(join(to, name), 0o755);
  return to;
}

/** Go's error: the last line that is not about a download. */
function lastError(stderr) {
  const lines = stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('go: downloading '));
  return lines.at(-1)?.trim() ?? 'go install failed';
}

function stampOf(peer) {
  return join(FOLDER, 'stamps', peer.name);
}

function isBuilt(peer) {
  try {
    return readFileSync(stampOf(peer), 'utf8') === peer.version;
  } catch {
    return false;
  }
}

/** Moves the finished program to its place, so that a test never finds a partial one. */
function build(peer) {
  const folder = join(FOLDER, 'build', peer.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['bin', 'stamps']) mkdirSync(join(FOLDER, name), { recursive: true });
  const built = (peer.build ?? goInstall)(peer, folder, FOLDER);
  renameSync(built, join(FOLDER, 'bin', peer.name));
  writeFileSync(stampOf(peer), peer.version);
  rmSync(folder, { recursive: true, force: true });
}

function bring(peer) {
  const title = `${peer.name} ${peer.version}`;
  if (isBuilt(peer)) {
    console.log(`${title}: already there`);
    return true;
  }
  if (peer.slow !== undefined) console.log(`${title}: ${peer.slow}`);
  const started = Date.now();
  try {
    build(peer);
    console.log(`${title}: built in ${((Date.now() - started) / 1000).toFixed(0)} s`);
    return true;
  } catch (error) {
    console.log(`${title}: not built: ${error.message.split('\n')[0]}`);
    return false;
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PEERS.some((peer) => peer.name === name));
if (unknown.length > 0) {
  console.error(
    `unknown peer ${unknown.join(', ')}; there are ${PEERS.map((p) => p.name).join(', ')}`,
  );
  process.exit(64);
}
// Gives other processes of this machine precedence.
setPriority(10);
console.log(`Peers in ${FOLDER}:`);
const chosen = PEERS.filter((peer) => wanted.length === 0 || wanted.includes(peer.name));
process.exitCode = chosen.map(bring).every(Boolean) ? 0 : 1;
