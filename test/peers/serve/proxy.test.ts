import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { missingPrograms, run } from '../../helpers/commands.ts';
import { makeImage, pushImage, type TestImage } from '../../helpers/images.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { describeUnless } from '../../helpers/when.ts';
import { serving } from '../../commands/serve/serving.ts';
import { reaching } from '../../server/proxy/cache.ts';
import { limited, startHub, UNCOUNTED, type Hub } from '../../server/proxy/hub.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'needs root';
const env = { PATH: process.env['PATH'] ?? '' };

interface Engine extends AsyncDisposable {
  /** Pulls `docker.io/library/app:TAG` anew. */
  pull(tag: string): Promise<void>;
}

async function must(file: string, args: readonly string[], more = {}): Promise<string> {
  const done = await run(file, args, { env: { ...env, ...more } });
  if (done.code !== 0) throw new Error(`${file} ${args.join(' ')}: ${done.stderr}${done.stdout}`);
  return done.stdout;
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill();
  await closed;
}

/** Until the command succeeds; the test's own limit ends the wait. */
async function until(file: string, args: readonly string[], child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    if ((await run(file, args, { env })).code === 0) return;
    await delay(100);
  }
  throw new Error(`${file} cannot reach its daemon, which ended`);
}

async function dockerd(dir: TempDir, mirror: string): Promise<Engine> {
  const host = `unix://${dir.join('docker.sock')}`;
  const child = spawn('dockerd', [
    '--data-root',
    dir.join('data'),
    '--exec-root',
    dir.join('exec'),
    '--pidfile',
    dir.join('pid'),
    '-H',
    host,
    '--storage-driver=vfs',
    '--iptables=false',
    '--ip6tables=false',
    '--bridge=none',
    `--registry-mirror=${mirror}`,
  ]);
  await until('docker', ['-H', host, 'version'], child);
  return {
    async pull(tag) {
      await run('docker', ['-H', host, 'rmi', '-f', `app:${tag}`], { env });
      await must('docker', ['-H', host, 'pull', `app:${tag}`]);
    },
    [Symbol.asyncDispose]: () => ended(child),
  };
}

async function ctr(dir: TempDir, mirror: string): Promise<Engine> {
  const hosts = dir.join('hosts/docker.io');
  await mkdir(hosts, { recursive: true });
  await writeFile(
    dir.join('hosts/docker.io/hosts.toml'),
    `[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  const socket = dir.join('containerd.sock');
  const config = dir.join('containerd.toml');
  await writeFile(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  const child = spawn('containerd', [
    '--config',
    config,
    '--address',
    socket,
    '--root',
    dir.join('root'),
    '--state',
    dir.join('state'),
  ]);
  const image = (tag: string): string => `docker.io/library/app:${tag}`;
  await until('ctr', ['-a', socket, 'version'], child);
  return {
    async pull(tag) {
      await run('ctr', ['-a', socket, 'images', 'rm', '--sync', image(tag)], { env });
      const options = ['--hosts-dir', dir.join('hosts'), '--snapshotter', 'native'];
      await must('ctr', ['-a', socket, 'images', 'pull', ...options, image(tag)]);
    },
    [Symbol.asyncDispose]: () => ended(child),
  };
}

async function podman(dir: TempDir, mirror: string): Promise<Engine> {
  const conf = dir.join('registries.conf');
  await writeFile(
    conf,
    `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "${new URL(mirror).host}"\ninsecure = true\n`,
  );
  const roots = ['--root', dir.join('root'), '--runroot', dir.join('run'), '--storage-driver=vfs'];
  const more = { CONTAINERS_REGISTRIES_CONF: conf, HOME: dir.path };
  return {
    async pull(tag) {
      const image = `docker.io/library/app:${tag}`;
      await run('podman', [...roots, 'rmi', '-f', image], { env: { ...env, ...more } });
      await must('podman', [...roots, 'pull', image], more);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const ENGINES = [
  {
    name: 'dockerd',
    missing: missingPrograms('dockerd', 'docker') ?? notRoot,
    start: dockerd,
    ns: false,
  },
  {
    name: 'ctr --hosts-dir',
    missing: missingPrograms('containerd', 'ctr') ?? notRoot,
    start: ctr,
    ns: true,
  },
  { name: 'podman', missing: missingPrograms('podman') ?? notRoot, start: podman, ns: false },
];

/** Answers in pieces, a second apart. */
function slowly(hub: Hub, image: TestImage): void {
  hub.misbehave = (request, response) => {
    const node = [...image.nodes.values()].find(({ descriptor }) =>
      request.url?.includes(`blobs/${descriptor.digest}`),
    );
    if (node === undefined || request.method !== 'GET') return false;
    const { bytes } = node;
    response.writeHead(200, { 'Content-Length': String(bytes.byteLength) });
    response.write(bytes.subarray(0, 100));
    setTimeout(() => response.end(bytes.subarray(100)), 1000);
    return true;
  };
}

for (const { name, missing, start, ns } of ENGINES) {
  describeUnless(missing, `a pull-through cache with ${name} as its client`, () => {
    it('costs Docker Hub one pull, and goes on while it limits, or is slow', async () => {
      await using dir = await tempDir();
      await using hub = await startHub();
      await using client = await reaching(dir.path);
      const [first, second] = [await makeImage({ layers: 2 }), await makeImage({ layers: 1 })];
      await pushImage(hub.origin, 'library/app', ['v1'], first, UNCOUNTED);
      await pushImage(hub.origin, 'library/app', ['v2'], second, UNCOUNTED);
      let clock = 0;
      const now = (): Date => new Date(Date.now() + clock);
      const options = { dir: 'cache', proxyPrefix: [`docker.io=${hub.origin}`] };
      await serving(options, { cwd: dir.path, now, ...client }, async (base, context) => {
        await using engine = await start(dir, base);
        const pull = async (tag: string): Promise<void> => {
          try {
            await engine.pull(tag);
          } catch (cause) {
            throw new Error(`the cache said: ${context.warnings.join('\n')}`, { cause });
          }
        };
        await pull('v1');
        const manifests = hub.lines.filter(
          (line) => line.startsWith('GET') && line.includes('/manifests/'),
        );
        expect(manifests).toHaveLength(1);
        expect(hub.lines.toSorted()).toEqual([...new Set(hub.lines)].toSorted());
        expect(context.notes.some((note) => note.includes('?ns=docker.io'))).toBe(ns);

        hub.lines.length = 0;
        await pull('v1');
        expect(hub.lines).toEqual([]);

        slowly(hub, second);
        await pull('v2');

        clock += 120_000;
        hub.misbehave = limited;
        hub.lines.length = 0;
        await pull('v1');
        expect(hub.lines.every((line) => line.startsWith('HEAD '))).toBe(true);
        expect(context.warnings.join('\n')).toContain('serving cached content');
        const failed = context.notes.filter((note) => /^[45]\d\d /u.test(note));
        expect(failed).toEqual([]);
      });
      // What an engine unpacked may be read-only.
      await run('chmod', ['-R', 'u+w', dir.path], { env });
    });
  });
}
