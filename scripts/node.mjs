// Runs a program of this clone under a Node that `engines` allows: this one, or one of the package
// registry. `node scripts/node.mjs FILE.mjs|PACKAGE [ARGUMENT …]`. Loads on Node 14 and newer.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SELF = fileURLToPath(import.meta.url);
const ROOT = dirname(dirname(SELF));
/** Set for the child process, so that it does not start another. */
const MARK = 'REGCTL_NODE';
/** Release lines by preference; not every platform has a package of each. */
const LINES = [24, 26, 22];
/** By default, npm retries an unreachable registry for a minute. */
const PATIENCE = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
/** Programs whose package has a different name. */
const PACKAGES = { tsc: 'typescript' };

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Whether `engines` in package.json ("^a.b.c" and ">=a.b.c", joined by "||") allows a version. */
export function isSupported(version, range = readJson(join(ROOT, 'package.json')).engines.node) {
  const numbers = (text) => text.split('.').map(Number);
  const [major, minor, patch] = numbers(version);
  return range.split(' || ').some((alternative) => {
    const [, operator, least] = /^(\^|>=)(\d+\.\d+\.\d+)$/.exec(alternative);
    const [a, b, c] = numbers(least);
    if (major !== a) return operator === '>=' && major > a;
    return minor > b || (minor === b && patch >= c);
  });
}

/**
 * Returns the path of a Node of a release line (22, 24 or 26), from the user's cache or the package
 * registry. Default: 24 if the platform has it. Version and hash are pinned.
 * @throws Error with a one-line message
 */
export async function fetchNode(line) {
  const platform = `${process.platform}-${process.arch}`;
  const known = readJson(join(ROOT, 'scripts', 'node-versions.json'))[platform];
  const lines = known === undefined ? {} : known.lines;
  const chosen = (line === undefined ? LINES : [line]).find((one) => lines[one] !== undefined);
  if (chosen === undefined || isMusl()) {
    const libc = isMusl() ? ' with musl' : '';
    throw new Error(`the package registry has no Node ${line || 24} for ${platform}${libc}`);
  }
  const { version, integrity } = lines[chosen];
  const folder = join(cacheFolder(), `${known.package}-${version}`);
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const binary = join(folder, 'node_modules', known.package, 'bin', name);
  if (!existsSync(binary)) {
    process.stderr.write(`Fetching Node ${version} (${known.package}), once.\n`);
    await install({ folder, name: known.package, version, integrity, binary });
  }
  return binary;
}

/** In regctl's cache directory; without a home directory, in the clone. */
function cacheFolder() {
  const { XDG_CACHE_HOME = '', HOME = '' } = process.env;
  const home = process.platform === 'win32' ? homedir() : HOME;
  if (isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'regctl', 'node');
  return isAbsolute(home) ? join(home, '.cache', 'regctl', 'node') : join(ROOT, '.cache', 'node');
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  // Otherwise the report looks up the names of open connections, which can take seconds.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}

/** Like src/util/make-folder.ts: Node's own `recursive` never ends below /proc. */
function makeFolder(path) {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (existsSync(path)) return;
    const advice = 'set XDG_CACHE_HOME to a directory that can be written';
    throw new Error(`${path} cannot be made (${error.code}): ${advice}`, { cause: error });
  }
}

/** Installs with npm to a temporary directory, which is renamed when it is complete. */
async function install({ folder, name, version, integrity, binary }) {
  makeFolder(dirname(folder));
  const work = mkdtempSync(`${folder}-`);
  try {
    const dependencies = { [name]: version };
    const packages = {
      '': { dependencies },
      [`node_modules/${name}`]: { version, integrity },
    };
    const lock = { lockfileVersion: 3, requires: true, packages };
    writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, dependencies }));
    writeFileSync(join(work, 'package-lock.json'), JSON.stringify(lock));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    const args = [
      npmCli(),
      'ci',
      ...options,
      '--no-update-notifier',
      '--loglevel=error',
      ...PATIENCE,
    ];
    const done = await run(process.execPath, args, { cwd: work, env: plainEnv() });
    if (done.status !== 0) throw new Error(reasonOf(done.text));
    const installed = join(work, binary.slice(folder.length));
    const started = await run(installed, ['--version']);
    if (started.text.trim() !== `v${version}`) throw new Error('it does not run on this machine');
    renameSync(work, folder);
  } catch (error) {
    // Another process may have installed it first.
    if (existsSync(binary)) return;
    const problem = `Node ${version} cannot be fetched from the package registry: ${error.message}`;
    throw new Error(problem, { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The environment without `npm run`'s variables, so that npm uses only its own directory. */
function plainEnv() {
  const project =
    /^npm_(?:package_|lifecycle_|command$|config_(?:local_prefix|prefix|global_prefix)$)/i;
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([key]) => !project.test(key) && key !== 'INIT_CWD'));
}

/** The line of npm's output that states the reason. */
function reasonOf(text) {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^npm (?:error|ERR!) ?(?:FetchError: )?/, '').trim());
  const told = lines.filter(
    (line) => line !== '' && !/^(?:code|errno|syscall) |A complete log/.test(line),
  );
  return (told[0] || 'npm failed').slice(0, 160);
}

/** Path of npm's JavaScript: the running npm, the one next to this Node, or the one on PATH. */
export function npmCli() {
  const { npm_execpath: running = '', PATH = '' } = process.env;
  const bin = dirname(process.execPath);
  const modules = join('node_modules', 'npm', 'bin', 'npm-cli.js');
  const inPath = PATH.split(delimiter).flatMap((folder) => [
    join(folder, modules),
    join(folder, '..', 'lib', modules),
    join(folder, 'npm'),
  ]);
  const candidates = [running, join(bin, '..', 'lib', modules), join(bin, modules), ...inPath];
  for (const path of candidates) {
    const real = existsSync(path) ? realpathSync(path) : '';
    if (basename(real) === 'npm-cli.js') return real;
  }
  throw new Error('npm is not installed');
}

/** Runs a program to its end. `text` is its output on both streams, unless `stdio` redirects it. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) stream.on('data', (chunk) => (text += chunk));
    }
    child.once('error', (error) => resolve({ status: 1, text: error.message }));
    child.once('close', (status, signal) => resolve({ status, signal, text }));
  });
}

/**
 * Runs a file under a Node that `engines` allows, and ends this process with the same status or
 * signal. Call only under a Node that `engines` does not allow.
 */
export async function runUnderNode(file, args) {
  const { engines } = readJson(join(ROOT, 'package.json'));
  try {
    const problem = `regctl needs Node.js ${engines.node}; this is ${process.versions.node}`;
    if (process.env[MARK] !== undefined) throw new Error(problem);
    const node = await fetchNode().catch((error) => fail(`${problem}, and ${error.message}`));
    const env = {
      ...process.env,
      [MARK]: node,
      // Scripts that call `node`, and npm, find the same Node.
      PATH: `${dirname(node)}${delimiter}${process.env.PATH || ''}`,
      npm_execpath: process.env.npm_execpath || npmCli(),
    };
    const child = spawn(node, [...process.execArgv, file, ...args], { stdio: 'inherit', env });
    // A terminal sends Ctrl-C to both processes.
    const hasTerminal = [process.stdin, process.stdout, process.stderr].some((one) => one.isTTY);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => (hasTerminal && signal === 'SIGINT') || child.kill(signal));
    }
    child.once('error', (error) => fail(error.message));
    child.once('close', (status, signal) => {
      if (signal === null) process.exit(status);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  } catch (error) {
    fail(error.message);
  }
}

function fail(text) {
  process.stderr.write(`error: ${text}\n`);
  process.exit(1);
}

/** The file to run: a script of this clone, or a package's program, installed if missing. */
async function entryOf(program) {
  if (/\.m?js$/.test(program)) return join(ROOT, program);
  const folder = join(ROOT, 'node_modules', PACKAGES[program] || program);
  if (!existsSync(folder)) await installPackages();
  const { bin } = readJson(join(folder, 'package.json'));
  return join(folder, typeof bin === 'string' ? bin : bin[program]);
}

/** Runs `npm ci` under this Node. @throws Error with npm's output */
export async function installPackages() {
  const args = [
    npmCli(),
    'ci',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
  ];
  const { status, text } = await run(process.execPath, args, { cwd: ROOT });
  if (status !== 0) throw new Error(`the packages cannot be installed\n${text}`);
}

async function main([program, ...args]) {
  if (!isSupported(process.versions.node)) return runUnderNode(SELF, [program, ...args]);
  const entry = await entryOf(program).catch((error) => fail(error.message));
  process.argv.splice(1, Infinity, entry, ...args);
  await import(pathToFileURL(entry).href);
}

const [, started = ''] = process.argv;
if (existsSync(started) && realpathSync(started) === SELF) void main(process.argv.slice(2));
