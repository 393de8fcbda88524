import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage, type TestImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';
import { contentsOf } from '../sync/recorded-registry.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

/** A run of `regctl sync -o ndjson` in a process of its own. */
interface Running {
  readonly child: ChildProcess;
  readonly copied: string[];
  readonly ended: Promise<number | null>;
}

function start(dir: TempDir, args: readonly string[]): Running {
  const child = spawn(process.execPath, [BIN, 'sync', '--plain-http', '-o', 'ndjson', ...args], {
    cwd: dir.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir.path },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const copied: string[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { Destination, Outcome } = JSON.parse(line) as Record<string, string>;
      if (Outcome === 'copied') copied.push((Destination ?? '').replace(/^[^/]*\//u, ''));
    }
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, copied, ended };
}

interface Registry extends AsyncDisposable {
  readonly server: RegistryServer;
  readonly storage: Storage;
}

async function registry(): Promise<Registry> {
  const storage = createMemoryStorage();
  const server = await startRegistryServer({ storage });
  return { server, storage, [Symbol.asyncDispose]: () => server.close() };
}

/** Tags with their digests, by repository, without the target's prefix. */
async function tagsIn({ storage }: Registry, prefix = ''): Promise<Record<string, unknown>> {
  const all = await contentsOf(storage);
  return Object.fromEntries(
    Object.entries(all).map(([name, { tags }]) => [name.slice(prefix.length), tags]),
  );
}

describe('eight shards as eight processes', () => {
  const REPOSITORIES = Array.from({ length: 40 }, (_one, i) => `team/app${i}`);
  let [source, target] = [undefined, undefined] as unknown as [Registry, Registry];
  let dir: TempDir;
  beforeAll(async () => {
    [source, target, dir] = [await registry(), await registry(), await tempDir()];
    const images = await Promise.all([1, 2, 3, 4, 5].map(() => makeImage({ layerSize: 65_536 })));
    for (const [i, name] of REPOSITORIES.entries())
      await pushImage(source.server.url.origin, name, ['v1', 'v2'], images[i % 5] as TestImage);
  });
  afterAll(async () => {
    await Promise.all([source, target, dir].map((one) => one[Symbol.asyncDispose]()));
  });

  const shard = (part: number): Running =>
    start(dir, [
      '--shard',
      `${part}/8`,
      '--state',
      'state.json',
      `${source.server.host}/team/`,
      `${target.server.host}/m/`,
    ]);

  it('are together the whole, no image twice, and one that is killed loses nothing', async () => {
    const running = [1, 2, 3, 4, 5, 6, 7, 8].map(shard);
    const [victim] = running as [Running];
    await until(() => victim.copied.length > 0);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const again = shard(1);
    const codes = await Promise.all([...running.slice(1), again].map(({ ended }) => ended));
    expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await tagsIn(target, 'm/')).toEqual(await tagsIn(source, 'team/'));
    const whole = REPOSITORIES.flatMap((name) => [1, 2].map((tag) => `${name}:v${tag}`));
    const copied = [...running, again].flatMap((one) => one.copied);
    // What the killed one had copied, and did not live to report, is copied once as well.
    expect(copied.length).toBe(new Set(copied).size);
    expect(whole.map((name) => name.replace('team/', 'm/'))).toEqual(
      expect.arrayContaining(copied),
    );
    // All shards share one state, and each kept the others' entries.
    const idle = [1, 2, 3, 4, 5, 6, 7, 8].map(shard);
    await Promise.all(idle.map(({ ended }) => ended));
    expect(idle.flatMap((one) => one.copied)).toEqual([]);
  });
});

describe('a run that is killed', () => {
  const LAYER = 32 << 20;
  const KILLS = 3;
  /** What a kill may cost an upload. */
  const CHUNK = 4 << 20;
  let [source, target] = [undefined, undefined] as unknown as [Registry, Registry];
  let proxy: FaultProxy;
  let dir: TempDir;
  beforeAll(async () => {
    [source, target, dir] = [await registry(), await registry(), await tempDir()];
    for (let i = 0; i < 4; i += 1) {
      const image = await makeImage({ layers: 1, layerSize: LAYER });
      await pushImage(source.server.url.origin, `app${i}`, ['v1'], image);
    }
    proxy = await startFaultProxy({ port: Number(target.server.url.port) });
  });
  afterAll(async () => {
    await Promise.all([proxy, source, target, dir].map((one) => one[Symbol.asyncDispose]()));
  });

  it('again and again, goes on where it was, and sends little twice', async () => {
    const args = [`${source.server.host}/`, `${proxy.host}/m/`];
    for (let i = 1; i <= KILLS; i += 1) {
      const running = start(dir, args);
      const most = (i * 4 * LAYER) / (KILLS + 1);
      await until(() => proxy.bytes.up >= most || running.child.exitCode !== null);
      running.child.kill('SIGKILL');
      await running.ended;
    }
    const last = start(dir, args);
    expect(await last.ended).toBe(0);
    expect(await tagsIn(target, 'm/')).toEqual(await tagsIn(source));
    // Begun again, they would be three quarters more.
    expect(proxy.bytes.up).toBeLessThan(4 * LAYER + KILLS * 4 * CHUNK);
  });
});
