import { spawn, type ChildProcess } from 'node:child_process';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { missingPrograms, run } from './commands.ts';
import { missingPeers, peer } from './peers.ts';
import { tempDir, type TempDir } from './temp.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'needs root';

/** A container engine with an API like Docker's, in a directory and on a socket of its own. */
export interface EngineProgram {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing: string | undefined;
  /** Whether it keeps manifests and layers as a registry has them. */
  readonly keepsDigests: boolean;
  readonly start: (dir: TempDir, socket: string) => ChildProcess;
}

export interface RunningEngine extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly address: string;
}

const dockerd = (
  program: string | undefined,
  { dir, socket, more }: { dir: TempDir; socket: string; more: readonly string[] },
): ChildProcess =>
  spawn(
    program ?? 'dockerd',
    [
      '--data-root',
      dir.join('data'),
      '--exec-root',
      dir.join('exec'),
      '--pidfile',
      dir.join('pid'),
      '-H',
      `unix://${socket}`,
      '--iptables=false',
      '--ip6tables=false',
      '--bridge=none',
      ...more,
    ],
    { stdio: 'ignore' },
  );

/** Docker in its three ways to keep images, and podman's service. */
export const ENGINES: readonly EngineProgram[] = [
  {
    name: 'dockerd of this machine',
    missing: missingPrograms('dockerd') ?? notRoot,
    keepsDigests: false,
    start: (dir, socket) => dockerd('dockerd', { dir, socket, more: ['--storage-driver=vfs'] }),
  },
  {
    name: 'a newer dockerd',
    missing: missingPeers('docker-engine') ?? notRoot,
    keepsDigests: false,
    start: (dir, socket) =>
      dockerd(peer('docker-engine'), { dir, socket, more: ['--storage-driver=vfs'] }),
  },
  {
    name: "a newer dockerd with containerd's image store",
    missing: missingPeers('docker-engine') ?? notRoot,
    keepsDigests: true,
    start: (dir, socket) =>
      dockerd(peer('docker-engine'), {
        dir,
        socket,
        more: ['--feature', 'containerd-snapshotter=true', '--storage-driver=native'],
      }),
  },
  {
    name: "podman's service",
    missing: missingPrograms('podman') ?? notRoot,
    keepsDigests: false,
    start: (dir, socket) =>
      spawn(
        'podman',
        [
          '--root',
          dir.join('root'),
          '--runroot',
          dir.join('run'),
          '--storage-driver=vfs',
          'system',
          'service',
          '--time=0',
          `unix://${socket}`,
        ],
        { stdio: 'ignore' },
      ),
  },
];

/** Starts an engine without images, which it keeps in `data`; resolves when it takes connections. */
export async function startRealEngine(
  { start }: EngineProgram,
  data?: TempDir,
): Promise<RunningEngine> {
  const dir = await tempDir();
  const socket = dir.join('engine.sock');
  const child = start(data ?? dir, socket);
  const ended = new Promise((resolve) => child.once('close', resolve));
  await listening(socket, child);
  return {
    address: `unix://${socket}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await removeStorage(dir);
    },
  };
}

/** Also directories of layers that even their owner may not write. */
export async function removeStorage(dir: TempDir): Promise<void> {
  await run('chmod', ['-R', 'u+w', dir.path], { env: { PATH: process.env['PATH'] } });
  await dir[Symbol.asyncDispose]();
}

/** Until the socket takes connections; the test's own limit ends the wait. */
async function listening(socket: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const connection = createConnection(socket, () => resolve(true));
      connection.on('error', () => resolve(false));
      connection.on('connect', () => connection.destroy());
    });
    if (open) return;
    await delay(50);
  }
  throw new Error('the engine ended');
}

/** A program that reads and writes containers-storage, and those that are hidden from regctl. */
export const STORAGES: readonly { name: 'podman' | 'buildah'; missing: string | undefined }[] = [
  { name: 'podman', missing: missingPrograms('podman') ?? notRoot },
  { name: 'buildah', missing: missingPrograms('buildah') ?? notRoot },
];

/** A directory for storage, and a PATH on which only this program is found. */
export async function storageOf(
  name: 'podman' | 'buildah',
  dir: TempDir,
): Promise<{ prefix: string; env: Readonly<Record<string, string>> }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir.path };
  const bin = dir.join('bin');
  await run('mkdir', [bin], { env });
  const found = await run('sh', ['-c', `command -v ${name}`], { env });
  await run('ln', ['-s', found.stdout.trim(), '/bin/cat', bin], { env });
  return {
    prefix: `[vfs@${dir.join('root')}+${dir.join('run')}]`,
    // What the program itself runs is where the system keeps it.
    env: name === 'podman' ? env : { ...env, PATH: `${bin}:/usr/sbin:/sbin` },
  };
}
