import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeImage } from '../helpers/images.ts';
import { runOnTerminal, type PtyRun } from '../helpers/pty.ts';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

interface HeldRegistry extends AsyncDisposable {
  readonly server: ScriptedServer;
  /** The layer is being read: half of it has been sent. */
  readonly halfSent: Promise<void>;
  /** Sends the other half. */
  release(): void;
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}

/** A registry with one image, whose layer stops in the middle until it is released. */
async function heldRegistry(): Promise<HeldRegistry> {
  const image = await makeImage({ layers: 1, layerSize: 100_000 });
  const [layer] = [...image.nodes.values()].filter(({ descriptor }) =>
    descriptor.mediaType.includes('layer'),
  );
  const gate = deferred();
  const half = deferred();
  const server = await startScriptedServer(({ path }) => {
    if (path === '/v2/') return { status: 200 };
    const name = path.slice(path.lastIndexOf('/') + 1);
    const root = image.nodes.get(image.root.digest);
    const node =
      name === 'v1'
        ? root
        : [...image.nodes.values()].find((one) => one.descriptor.digest === name);
    if (node === undefined) return { status: 404 };
    const { bytes, descriptor } = node;
    if (node !== layer)
      return { status: 200, headers: { 'content-type': descriptor.mediaType }, body: bytes };
    return (_request, response) => {
      response.writeHead(200, { 'content-length': String(bytes.byteLength) });
      response.write(bytes.subarray(0, 50_000), () => half.resolve());
      void gate.promise.then(() => response.end(bytes.subarray(50_000)));
    };
  });
  return {
    server,
    halfSent: half.promise,
    release: () => gate.resolve(),
    [Symbol.asyncDispose]: async () => {
      gate.resolve();
      await server[Symbol.asyncDispose]();
    },
  };
}

function copyOn(machine: Machine, registry: HeldRegistry, columns: number, rows: number): PtyRun {
  const argv = [
    process.execPath,
    BIN,
    'copy',
    `${registry.server.host}/app:v1`,
    `oci:${machine.dir.join('out')}:v1`,
  ];
  return runOnTerminal(argv, { columns, rows, env: machine.env });
}

describeWith(['python3'], 'a terminal without a size, or with a small one', () => {
  for (const [columns, rows, shown] of [
    [0, 0, '1/3 parts'],
    [1, 1, '(1/3)'],
    [19, 4, '(1/3)'],
    [20, 5, '1/3 parts'],
    [80, 24, '1/3 parts'],
  ] as const) {
    it(`${columns}×${rows}: a copy ends and prints little`, async () => {
      await using machine = await newMachine();
      await using registry = await heldRegistry();
      const run = copyOn(machine, registry, columns, rows);
      await Promise.race([Promise.all([registry.halfSent, run.untilPrinted(shown)]), run.ended]);
      registry.release();
      expect(await run.ended, run.output()).toBe(0);
      expect(run.output()).toContain('3 parts: 3 written');
      expect(run.output().length).toBeLessThan(64 * 1024);
      expect(run.output()).toContain(shown);
    });
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a copy where the size is 0×0', async (name, status) => {
    await using machine = await newMachine();
    await using registry = await heldRegistry();
    const run = copyOn(machine, registry, 0, 0);
    await Promise.race([Promise.all([registry.halfSent, run.untilPrinted('parts')]), run.ended]);
    run.signal(name);
    expect(await run.ended, run.output()).toBe(status);
    expect(run.output().length).toBeLessThan(64 * 1024);
  });

  it('a resize to nothing and back does not stop a copy', async () => {
    await using machine = await newMachine();
    await using registry = await heldRegistry();
    const run = copyOn(machine, registry, 80, 24);
    await Promise.race([Promise.all([registry.halfSent, run.untilPrinted('parts')]), run.ended]);
    for (const [columns, rows] of [
      [0, 0],
      [1, 1],
      [3, 200],
      [0, 24],
      [120, 40],
    ] as const) {
      const before = run.output().length;
      run.resize(columns, rows);
      const grown = deferred();
      const poll = setInterval(() => run.output().length > before + 40 && grown.resolve(), 20);
      await Promise.race([grown.promise, run.ended]);
      clearInterval(poll);
    }
    registry.release();
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output().length).toBeLessThan(128 * 1024);
  });

  it.each([0, 1])('tables, help and questions fit on %i columns', async (columns) => {
    await using machine = await newMachine();
    await using registry = await heldRegistry();
    const ends = async (args: readonly string[], answer?: 'SIGINT'): Promise<number | null> => {
      const run = runOnTerminal([process.execPath, BIN, ...args], {
        columns,
        rows: columns,
        env: machine.env,
      });
      if (answer !== undefined) {
        await run.untilPrinted('Username:');
        run.signal(answer);
      }
      const status = await run.ended;
      expect(run.output().length).toBeLessThan(64 * 1024);
      return status;
    };
    expect(await ends(['copy', '--help'])).toBe(0);
    expect(await ends(['inspect', `${registry.server.host}/app:v1`])).toBe(0);
    expect(await ends(['login', registry.server.host], 'SIGINT')).toBe(130);
  });
});
