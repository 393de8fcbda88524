// A tour: installs, builds, starts the embedded registry and runs the main commands on an image.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages, run } from './node.mjs';

const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'scripts', 'node.mjs');
const BIN = join(ROOT, 'bin', 'regctl.js');
const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);

const say = (text = '') => process.stdout.write(`${text}\n`);

async function prepare(title, work) {
  const started = Date.now();
  await work().catch((error) => {
    process.stderr.write(`${error.message}\n${red(`${title} failed`)}\n`);
    process.exit(1);
  });
  say(`${green('✓')} ${title} ${dim(`(${((Date.now() - started) / 1000).toFixed(1)} s)`)}`);
}

async function build() {
  for (const script of [['tsc', '-p', 'tsconfig.build.json'], ['scripts/bundle.mjs']]) {
    const { status, text } = await run(process.execPath, [LAUNCHER, ...script], { cwd: ROOT });
    if (status !== 0) throw new Error(text);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs one command as a user does. @throws Error if its exit status is not the expected one */
function show(why, args, expected = 0) {
  say(`\n${bold(why)}`);
  say(`${dim('$')} regctl ${args.join(' ')}`);
  const done = spawnSync(process.execPath, [BIN, ...args], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, DOCKER_CONFIG: join(workspace, 'docker') },
  });
  process.stdout.write(done.stdout);
  if (expected !== 0) say(dim(`exit status ${done.status}`));
  if (done.status !== expected) throw new Error(`exit status ${done.status}, expected ${expected}`);
  return done.stdout;
}

async function startRegistry(host) {
  const server = spawn(process.execPath, [BIN, 'serve', '--listen', host], { stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok) return server;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  server.kill();
  throw new Error('the embedded registry did not start');
}

say(bold('regctl quickstart'));
say(dim('Installs, builds, and does the main jobs on a real image, all on this machine.\n'));
if (!existsSync(join(ROOT, 'node_modules', 'commander'))) {
  await prepare('Installed the packages', installPackages);
}
await prepare('Built regctl', build);

const workspace = mkdtempSync(join(tmpdir(), 'regctl-quickstart-'));
const host = `127.0.0.1:${await freePort()}`;
const { makeSampleImage } = await import('./sample-image.mjs');
const digest = await makeSampleImage(join(workspace, 'hello'), '1.0');
say(`${green('✓')} Made a small image for three platforms in ${dim('oci:hello:1.0')}`);
const registry = await startRegistry(host);
say(`${green('✓')} Started the embedded registry ${dim(`(regctl serve --listen ${host})`)}`);

let failure;
try {
  const demo = `${host}/demo/hello`;
  const team = `${host}/team/hello`;
  show('Copy the image from its directory to the registry: all platforms, same digest', [
    'copy',
    'oci:hello:1.0',
    `${demo}:1.0`,
  ]);
  show('Copy it to another repository: same registry, so its layers are mounted, not sent', [
    'copy',
    `${demo}:1.0`,
    `${team}:1.0`,
  ]);
  show('Give it a second tag', ['copy', `${team}:1.0`, `${team}:latest`]);
  show('Copy it back to an OCI layout', ['copy', `${team}:latest`, 'oci:backup:latest']);
  show('List the tags', ['tags', team]);
  show('Show what is in it', ['inspect', '-o', 'text', `${team}:1.0`]);
  show(
    'Delete by tag? Another tag shares the digest, so regctl refuses',
    ['delete', `${team}:1.0`],
    3,
  );
  show('Remove only the tag', ['delete', '--untag', '--yes', `${team}:1.0`]);
  show('Delete the image by its digest', ['delete', '--yes', `${team}@${digest}`]);
  show('It is gone there: exit status 2 is "does not exist"', ['digest', `${team}:latest`], 2);
  show('The first repository still has it', ['digest', `${demo}:1.0`]);
} catch (error) {
  failure = error;
} finally {
  registry.kill();
  rmSync(workspace, { recursive: true, force: true });
}

if (failure !== undefined) {
  process.stderr.write(`\n${red('The quickstart failed:')} ${failure.message}\n`);
  process.exit(1);
}
say(`\n${green('✓')} ${bold('All of it worked.')} Try next:
  npm link                                  put ${bold('regctl')} on your PATH
  regctl tags busybox                       the tags of an image on Docker Hub
  regctl inspect -o text alpine             what is in it
  regctl rate-limit                         Docker Hub pulls left before a deploy
  regctl copy alpine oci:./alpine           an image into a directory
  regctl --help                             everything else`);
