// Draws docs/images/session.svg, the picture of the README, from a session with the embedded
// registry: node scripts/session-picture.mjs, after `npm run build`. Needs util-linux `script`.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { makeSampleImage } from './sample-image.mjs';
import { onTerminal, promptLine, toSvg } from './screenshot.mjs';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'bin/regctl.js');
const FILE = join(ROOT, 'docs/images/session.svg');
/** What the picture shows; the session has a free port with as many digits. */
const SHOWN = 'localhost:5000';
const WIDTH = 80;

/** A copy that is under way, as the program draws it: three layers after three seconds. */
async function progressFrame() {
  const [{ createProgressState }, { activeRows, totalLine }] = await Promise.all(
    ['state', 'text'].map((name) => import(join(ROOT, `dist/cli/progress/${name}.js`))),
  );
  let now = new Date(0);
  const state = createProgressState(() => now);
  const layers = [30_600_000, 9_400_000, 3_100_000].map((size, i) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${createHash('sha256').update(`layer ${i}`).digest('hex')}`,
    size,
  }));
  for (const descriptor of layers) state.apply({ type: 'found', descriptor });
  for (const descriptor of layers) state.apply({ type: 'start', descriptor });
  now = new Date(3000);
  for (const [i, done] of [12_900_000, 7_600_000, 3_100_000].entries())
    state.apply({ type: 'bytes', descriptor: layers[i], done });
  state.apply({ type: 'end', descriptor: layers[2], outcome: 'written' });
  const rows = activeRows(state, now, WIDTH).trimEnd();
  return `${rows}\n\u001b[36m⠹\u001b[39m ${totalLine(state)}\n`;
}

async function freePort() {
  for (let port = 5001; port < 6000; port += 1) {
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
  throw new Error('no port from 5001 to 5999 is free');
}

async function untilServing(host) {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(50);
  }
  throw new Error(`nothing answers at ${host}`);
}

/** The picture as SVG. Only the time that the copy took differs from run to run. */
export async function drawSession() {
  const dir = mkdtempSync(join(tmpdir(), 'regctl-session-'));
  const port = await freePort();
  const host = `localhost:${port}`;
  const env = { PATH: process.env.PATH, HOME: dir, LANG: 'C.UTF-8' };
  await makeSampleImage(join(dir, 'hello'), '1.0');
  const args = [BIN, 'serve', '--listen', `127.0.0.1:${port}`];
  const server = spawn(process.execPath, args, { env, stdio: 'ignore' });
  try {
    await untilServing(`127.0.0.1:${port}`);
    const run = (...words) => {
      const shown = words.join(' ').replaceAll(host, SHOWN);
      const output = onTerminal([process.execPath, BIN, ...words], env, dir);
      return [`regctl ${shown}`, output.replaceAll(host, SHOWN).trimEnd()];
    };
    const copied = run('copy', 'oci:hello:1.0', `${host}/team/hello:1.0`);
    const steps = [
      ['regctl copy nginx:1.27 registry.example.com/base/nginx:1.27', await progressFrame()],
      [copied[0], lastFrame(copied[1])],
      run('tag', `${host}/team/hello:1.0`, 'stable'),
      run('delete', '--yes', `${host}/team/hello:stable`),
    ];
    const [[first, output], ...others] = steps;
    const rest = others.map(([prompt, text]) => `\n${promptLine(prompt)}\n${text}`);
    return toSvg(first, [output.trimEnd(), ...rest].join('\n'));
  } finally {
    const ended = once(server, 'close');
    server.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What is on the screen after progress has drawn over itself: the lines after the last erasure. */
function lastFrame(output) {
  return output
    .split('\n')
    .map((line) => line.split(/\u001b\[(?:\d*[AGKJ]|\?25[hl])|\r/u).at(-1))
    .filter((line) => line !== '')
    .slice(-2)
    .join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(FILE, await drawSession());
}
