import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage, writeLayout, type TestImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import type { Bytes } from '../../src/util/bytes.ts';
import { until } from '../helpers/until.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const MIB = 1024 * 1024;
const LAYER = 16 * MIB;
const CUT = 10 * MIB;

interface Place extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  readonly host: string;
  /** Most bytes that one request has brought so far; undefined where nobody can look. */
  readonly received?: () => number;
}

async function keeping(): Promise<Place> {
  const storage = createMemoryStorage();
  let most = 0;
  const counted = async function* (bytes: Bytes): Bytes {
    let length = 0;
    for await (const chunk of bytes) {
      yield chunk;
      length += chunk.byteLength;
      most = Math.max(most, length);
    }
  };
  const uploads: typeof storage.uploads = {
    ...storage.uploads,
    append: (repository, id, bytes, at) =>
      storage.uploads.append(repository, id, counted(bytes), at),
  };
  const server = await startRegistryServer({ storage: { ...storage, uploads } });
  const { port, origin, host } = server.url;
  return {
    port: Number(port),
    origin,
    host,
    received: () => most,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** The data of an upload: `Content-Range` where it goes on with one. */
interface Sent {
  readonly range: string | undefined;
}

describe('a copy that was killed', () => {
  let layouts: TempDir;
  let image: TestImage;
  let source: string;
  let layer: Descriptor;
  let small: number;

  beforeAll(async () => {
    layouts = await tempDir();
    image = await makeImage({ layers: 1, layerSize: LAYER });
    await writeLayout(layouts.join('app'), { v1: image });
    source = `oci:${layouts.join('app')}:v1`;
    const sizes = [...image.nodes.values()].map(({ descriptor }) => descriptor);
    layer = sizes.reduce((a, b) => (a.size > b.size ? a : b));
    small = sizes.reduce((sum, { size }) => sum + size, 0) - layer.size;
  });
  afterAll(() => layouts[Symbol.asyncDispose]());

  const state = async (machine: Machine): Promise<string[]> => {
    const folder = `${machine.home}/.local/state/regctl`;
    return readdir(folder).catch(() => []);
  };
  /** Stands still behind `CUT` bytes of the layer, from which `kill` frees it. */
  const stallOnce = (proxy: FaultProxy, kind: 'stall-up' | 'cut-up' = 'stall-up'): Sent[] => {
    const sent: Sent[] = [];
    proxy.schedule = ({ method, headers }) => {
      if (method !== 'PUT' || Number(headers['content-length']) < MIB) return undefined;
      sent.push({ range: headers['content-range'] });
      return sent.length === 1 ? { kind, after: CUT } : undefined;
    };
    return sent;
  };
  /** The registry has what the proxy passes on, and the session is noted. */
  const untilCut = async (machine: Machine, place: Place, proxy: FaultProxy): Promise<void> => {
    await until(() => Math.min(proxy.bytes.up, place.received?.() ?? CUT) >= CUT);
    // It is written under another name first.
    await until(async () => (await state(machine)).some((name) => name.startsWith('upload-')));
  };
  const start = (
    machine: Machine,
    [place, proxy]: readonly [Place, FaultProxy],
    args: readonly string[],
    signal?: NodeJS.Signals,
    isSeen = true,
  ): ReturnType<Machine['regctl']> =>
    machine.regctl(args, {
      onStart: (kill) => {
        if (signal === undefined) return;
        void (async () => {
          await untilCut(machine, place, proxy);
          kill(signal);
          if (signal === 'SIGKILL' && isSeen) proxy.drop();
        })();
      },
    });
  const forget = (proxy: FaultProxy): void => {
    proxy.bytes.up = 0;
    proxy.lines.length = 0;
  };
  const copy = (proxy: FaultProxy, tag = 'v1', from = source): string[] => [
    'copy',
    from,
    `${proxy.host}/app:${tag}`,
  ];

  /** Bytes of the configuration, if the run that was killed had finished it. */
  const configAlready = (proxy: FaultProxy): number => {
    const puts = proxy.lines.filter((line) => line.startsWith('PUT') && line.includes('/blobs/'));
    return puts.length === 1 ? small - image.root.size : 0;
  };

  it('goes on where the registry has the session, and then sends nothing twice', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    const sent = stallOnce(proxy);
    const killed = await start(machine, [registry, proxy], copy(proxy), 'SIGKILL');
    expect(killed.signal).toBe('SIGKILL');
    const [note = ''] = await state(machine);
    expect(note).toMatch(/^upload-/u);
    const path = `${machine.home}/.local/state/regctl`;
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(`${path}/${note}`)).mode & 0o777).toBe(0o600);

    forget(proxy);
    const summary = await machine.json(copy(proxy));
    expect(sent[1]?.range).toBe(`${CUT}-${layer.size - 1}`);
    // What it says that it sent is what went over the wire.
    expect(summary).toMatchObject({ Bytes: { Sent: proxy.bytes.up } });
    const { Bytes } = summary as { Bytes: { Sent: number; Skipped: number } };
    expect(Bytes.Sent + Bytes.Skipped).toBe(layer.size + small);
    expect(proxy.bytes.up).toBe(layer.size - CUT + small - configAlready(proxy));
    expect(await state(machine)).toEqual([]);
    await machine.expect(0, ['copy', `${proxy.host}/app:v1`, `oci:${machine.dir.join('back')}`]);

    forget(proxy);
    await machine.expect(0, copy(proxy, 'v2'));
    expect(proxy.bytes.up).toBe(image.root.size);
  });

  it('goes on although the registry still waits for the one that died', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    const sent = stallOnce(proxy);
    // As when a machine loses its power: nobody ends the connection.
    await start(machine, [registry, proxy], copy(proxy), 'SIGKILL', false);
    forget(proxy);
    await machine.expect(0, copy(proxy));
    expect(sent[1]?.range).toBe(`${CUT}-${layer.size - 1}`);
    expect(proxy.bytes.up).toBe(layer.size - CUT + small - configAlready(proxy));
  });

  it('reads a registry as its source again, and hashes all of it', async () => {
    await using registry = await keeping();
    await using origin = await keeping();
    await pushImage(origin.origin, 'from', ['v1'], image);
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    const sent = stallOnce(proxy);
    const args = copy(proxy, 'v1', `${origin.host}/from:v1`);
    await start(machine, [registry, proxy], args, 'SIGKILL');
    await machine.expect(0, args);
    expect(sent[1]?.range).toBe(`${CUT}-${layer.size - 1}`);
  });

  it('leaves a session alone that a live run is at', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    const sent = stallOnce(proxy);
    let killFirst: () => void = () => undefined;
    const first = machine.regctl(copy(proxy), {
      onStart: (kill) => {
        killFirst = () => kill('SIGKILL');
      },
    });
    await untilCut(machine, registry, proxy);
    forget(proxy);
    await machine.expect(0, copy(proxy));
    expect(sent[1]?.range).toBeUndefined();
    expect(proxy.lines.filter((line) => /^(?:GET|DELETE) .*\/uploads\//u.test(line))).toEqual([]);
    expect(await state(machine)).toHaveLength(1);
    killFirst();
    await first;
  });

  it('is gone on with after the network gave way for good, but not after an interruption', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    const sent = stallOnce(proxy, 'cut-up');
    const failed = await machine.regctl([...copy(proxy), '--retry-times', '0']);
    expect(failed.code, failed.stderr).toBe(1);
    expect(await state(machine)).toHaveLength(1);
    expect(proxy.lines.filter((line) => line.startsWith('DELETE'))).toEqual([]);
    await machine.expect(0, copy(proxy));
    expect(sent[1]?.range).toMatch(/^[1-9]\d*-/u);

    const again = await startFaultProxy(registry);
    stallOnce(again);
    const stopped = await start(
      machine,
      [registry, again],
      ['copy', source, `${again.host}/other:v1`],
      'SIGINT',
    );
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(again.lines.some((line) => line.startsWith('DELETE'))).toBe(true);
    expect(await state(machine)).toEqual([]);
    await again[Symbol.asyncDispose]();
  });

  it('keeps nothing with REGCTL_CACHE=off, nor where it cannot', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    await machine.expect(0, copy(proxy), { env: { REGCTL_CACHE: 'off' } });
    await expect(stat(`${machine.home}/.local`)).rejects.toMatchObject({ code: 'ENOENT' });
    const env = { XDG_STATE_HOME: '/proc/none' };
    const done = await machine.expect(0, ['copy', source, `${proxy.host}/new:v1`], { env });
    expect(done.stderr).not.toContain('journal');
  });

  it('does not look at a journal for a small image', async () => {
    await using registry = await keeping();
    await using machine = await newMachine();
    const tiny = await makeImage({ layers: 2, layerSize: MIB });
    await writeLayout(machine.dir.join('tiny'), { v1: tiny });
    await machine.expect(0, ['copy', `oci:${machine.dir.join('tiny')}`, `${registry.host}/t:v1`]);
    await expect(stat(`${machine.home}/.local`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('has a note that says where, and no more', async () => {
    await using registry = await keeping();
    await using proxy = await startFaultProxy(registry);
    await using machine = await newMachine();
    stallOnce(proxy);
    const args = [...copy(proxy), '--dest-creds', 'ann:s3cret'];
    await start(machine, [registry, proxy], args, 'SIGKILL');
    const [note = ''] = await state(machine);
    const text = await readFile(`${machine.home}/.local/state/regctl/${note}`, 'utf8');
    expect(Object.keys(JSON.parse(text) as object).sort()).toEqual(
      ['version', 'registry', 'repository', 'digest', 'size', 'url', 'openedAt'].sort(),
    );
    expect(text).not.toMatch(/ann|s3cret/u);
    // Its URL may be all that it takes to go on: it goes with the login, and with no other's.
    await machine.expect(0, ['logout', 'other.example']);
    await machine.expect(0, ['logout', `${proxy.host}/other`]);
    expect(await state(machine)).toEqual([note]);
    await machine.expect(0, ['logout', proxy.host], { env: { REGCTL_CACHE: 'off' } });
    expect(await state(machine)).toEqual([]);
  });

  describeWith(['docker-registry'], 'docker-registry', () => {
    it('has lost the session, and is asked once; what was finished stays', async () => {
      await using registry = await startDockerRegistry();
      await using proxy = await startFaultProxy(registry);
      await using machine = await newMachine();
      const sent = stallOnce(proxy);
      await start(machine, [registry, proxy], copy(proxy), 'SIGKILL');
      forget(proxy);
      await machine.expect(0, copy(proxy));
      expect(sent[1]?.range).toBeUndefined();
      expect(proxy.lines.filter((line) => /^GET .*\/uploads\//u.test(line))).toHaveLength(1);
      expect(await state(machine)).toEqual([]);

      forget(proxy);
      await machine.expect(0, copy(proxy, 'v2'));
      expect(proxy.bytes.up).toBe(image.root.size);
    });
  });
});
