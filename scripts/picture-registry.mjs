// An embedded registry and a home directory for pictures of the program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTerminal } from './screenshot.mjs';

const BIN = join(import.meta.dirname, '../bin/regctl.js');
/** What the pictures show; the session has a free port with as many digits. */
const SHOWN = 'localhost:5000';

/** Calls `draw` with a registry, its directory, and a way to run regctl on a terminal. */
export async function withRegistry(draw) {
  const dir = mkdtempSync(join(tmpdir(), 'regctl-pictures-'));
  const port = await freePort();
  const host = `localhost:${port}`;
  const env = { PATH: process.env.PATH, HOME: dir, LANG: 'C.UTF-8', COSIGN_PASSWORD: '' };
  const args = [BIN, 'serve', '--listen', `127.0.0.1:${port}`];
  const server = spawn(process.execPath, args, { env, stdio: 'ignore' });
  /** The line and its output, both with the name that is shown. */
  const run = (...words) => {
    const output = onTerminal([process.execPath, BIN, ...words], env, dir);
    const shown = (text) => text.replaceAll(host, SHOWN);
    return [shown(`regctl ${words.join(' ')}`), shown(output).trimEnd()];
  };
  try {
    await untilServing(`127.0.0.1:${port}`);
    return await draw({ dir, host, run });
  } finally {
    const ended = once(server, 'close');
    server.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What is on the screen after progress has drawn over itself: what follows an erasure in a line. */
export function visibleLines(output) {
  return output
    .split('\n')
    .map((line) => line.split(/\u001b\[(?:\d*[AGKJ]|\?25[hl])|\r/u).at(-1))
    .filter((line) => line !== '');
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
