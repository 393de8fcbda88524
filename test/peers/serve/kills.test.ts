import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { checkStorage } from '../../../src/server/check.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { tempDir } from '../../helpers/temp.ts';
import { imageManifest } from '../../server/client.ts';
import { seeded } from '../../retention/random.ts';

const BIN = join(import.meta.dirname, '../../../bin/regctl.js');
const KILLS = 50;
const PUSHES = 8;
const random = seeded(20_261_129);

interface Server {
  readonly child: ChildProcess;
  readonly base: string;
}

async function start(dir: string): Promise<Server> {
  const child = spawn(process.execPath, [BIN, 'serve', '--listen', '127.0.0.1:0', '--dir', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  while (!said.includes('listening on ')) said += String((await once(child.stderr, 'data'))[0]);
  child.stderr.resume();
  return { child, base: /listening on (http:\S+?)\/\s/u.exec(said)?.[1] ?? said };
}

const content = (round: number, number: number): Buffer =>
  Buffer.alloc(20_000 + Math.floor(random() * 60_000), `${round}.${number} `);

/** Pushes blobs and a manifest until the server is killed. Returns what was answered with 201. */
async function push(base: string, round: number, number: number): Promise<readonly string[]> {
  const done: string[] = [];
  const name = `app${number % 3}`;
  try {
    for (let i = 0; ; i += 1) {
      const data = content(round * 100 + i, number);
      const digest = digestOf(data);
      const opened = await fetch(`${base}/v2/${name}/blobs/uploads/`, { method: 'POST' });
      const location = opened.headers.get('location') ?? '';
      await fetch(base + location, { method: 'PATCH', body: new Uint8Array(data) });
      const put = await fetch(`${base}${location}?digest=${digest}`, { method: 'PUT' });
      if (put.status !== 201) throw new Error(`blob: ${put.status}`);
      done.push(`${name}/blobs/${digest}`);
      const manifest = imageManifest(data);
      const tag = `r${round}-${number}-${i}`;
      const tagged = await fetch(`${base}/v2/${name}/manifests/${tag}`, {
        method: 'PUT',
        headers: { 'content-type': manifest.mediaType },
        body: new Uint8Array(manifest.raw),
      });
      if (tagged.status !== 201) throw new Error(`manifest: ${tagged.status}`);
      done.push(`${name}/manifests/${tag} ${manifest.digest}`);
    }
  } catch (error) {
    if (error instanceof TypeError) return done;
    throw error;
  }
}

/** An upload whose body has begun and does not end. */
async function openUpload(base: string): Promise<{ location: string; request: ClientRequest }> {
  const opened = await fetch(`${base}/v2/open/blobs/uploads/`, { method: 'POST' });
  const location = opened.headers.get('location') ?? '';
  const headers = { 'content-length': '1000000' };
  const request = httpRequest(base + location, { method: 'PATCH', headers });
  request.on('error', () => undefined);
  request.write(Buffer.alloc(100_000, 1));
  for (;;) {
    const range = (await fetch(base + location)).headers.get('range');
    if (range === '0-99999') return { location, request };
  }
}

it(`${KILLS} SIGKILLs during ${PUSHES} parallel pushes, each while an upload is open: all that was answered with 201 is there, and every upload goes on`, async () => {
  await using dir = await tempDir();
  const registry = dir.join('registry');
  const answered: string[] = [];
  let server = await start(registry);
  for (let round = 0; round < KILLS; round += 1) {
    const { base, child } = server;
    const { location, request } = await openUpload(base);
    const pushes = Array.from({ length: PUSHES }, (_, i) => push(base, round, i));
    await new Promise((resolve) => {
      setTimeout(resolve, 50 + random() * 250);
    });
    expect((await createDiskStorage(registry).uploads.list()).length).toBeGreaterThan(0);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    request.destroy();
    for (const done of await Promise.all(pushes)) answered.push(...done);

    server = await start(registry);
    const resumed = await fetch(server.base + location);
    expect([resumed.status, resumed.headers.get('range')]).toEqual([204, '0-99999']);
    await fetch(server.base + location, { method: 'DELETE' });
  }
  expect(answered.length).toBeGreaterThan(KILLS * 2);
  for (const line of answered) {
    const [path = '', digest] = line.split(' ');
    const response = await fetch(`${server.base}/v2/${path}`);
    expect(response.status, path).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(digestOf(bytes), path).toBe(digest ?? path.split('/').at(-1));
  }
  const ended = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await ended;
  const report = await checkStorage(createDiskStorage(registry));
  expect(report.problems).toEqual([]);
  expect(report.manifests).toBeGreaterThan(0);
}, 900_000);
