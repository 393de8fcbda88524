import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run, type Finished } from '../helpers/commands.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeIndex, pushImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';

interface Host extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
}

/** A node of `oras discover --format json`. */
interface Discovered {
  readonly digest: string;
  readonly artifactType?: string;
  readonly referrers?: readonly Discovered[];
}

interface Referrer {
  readonly Digest: string;
  readonly ArtifactType: string | null;
  readonly Referrers: readonly Referrer[];
  readonly Children?: readonly Referrer[];
}

const REGISTRIES: readonly (readonly [
  name: string,
  reason: string | undefined,
  start: () => Promise<Host>,
])[] = [
  ['docker-registry 2.8 (fallback tag)', missingPrograms('docker-registry'), startOld],
  ['distribution 3 (fallback tag)', missingPeers('distribution'), startNew],
  ['serve (referrers API)', undefined, startServe],
];

function startOld(): Promise<Host> {
  return startDockerRegistry({ allowDelete: true });
}

function startNew(): Promise<Host> {
  return startDockerRegistry({ allowDelete: true, program: peer('distribution') });
}

async function startServe(): Promise<Host> {
  const server = await startRegistryServer({ storage: createMemoryStorage() });
  const { host, origin } = server.url;
  return { host, origin, [Symbol.asyncDispose]: () => server.close() };
}

/** Each file below a directory: its content, mode or link target. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(folder.length + 1);
      if (entry.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
      return `${name} ${(statSync(path).mode & 0o777).toString(8)} ${readFileSync(path, 'utf8')}`;
    })
    .toSorted();
}

describe.each(REGISTRIES)('oras and regctl on %s', (_name, reason, start) => {
  describeUnless(reason ?? missingPeers('oras'), 'read what the other writes', () => {
    let registry: Host;
    let machine: Machine;
    beforeAll(async () => {
      [registry, machine] = await Promise.all([start(), newMachine()]);
      await mkdir(machine.dir.join('dir/deep'), { recursive: true });
      await writeFile(machine.dir.join('a.txt'), 'alpha');
      await writeFile(machine.dir.join('dir/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
      await writeFile(machine.dir.join(`dir/deep/${'long'.repeat(40)}.txt`), 'long');
      await writeFile(machine.dir.join('dir/deep/ünï.txt'), 'ü');
      await symlink('../run.sh', machine.dir.join('dir/deep/link'));
    });
    afterAll(async () => {
      await machine[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    });

    const oras = async (...args: readonly string[]): Promise<Finished> => {
      const [verb = '', ...rest] = args;
      const words = verb === 'manifest' ? [verb, rest.shift() ?? ''] : [verb];
      const done = await run(peer('oras') ?? '', [...words, '--plain-http', ...rest], {
        cwd: machine.dir.path,
        env: machine.env,
      });
      expect(done.code, `oras ${args.join(' ')}\n${done.stderr}`).toBe(0);
      return done;
    };

    it('manifests, byte for byte, and the digest of a packed directory', async () => {
      const created = 'org.opencontainers.image.created=2026-01-02T03:04:05Z';
      const args = ['-a', created, '--artifact-type', 'application/vnd.acme.x'];
      const [ours, theirs] = ['ours', 'theirs'].map((tag) => `${registry.host}/files:${tag}`);
      const files = ['a.txt:text/plain', 'dir/run.sh'];
      await machine.expect(0, ['artifact', 'push', ...args, ours ?? '', ...files]);
      await oras('push', ...args, theirs ?? '', ...files);
      const read = async (name = ''): Promise<string> =>
        (await machine.expect(0, ['manifest', name])).stdout;
      expect(await read(ours)).toBe(await read(theirs));
      await machine.expect(0, ['artifact', 'push', ours ?? '', 'dir']);
      await oras('push', theirs ?? '', 'dir');
      const tar = /"io\.deis\.oras\.content\.digest":"(sha256:\w+)"/u;
      expect(tar.exec(await read(ours))?.[1]).toBe(tar.exec(await read(theirs))?.[1]);
    });

    it.each([
      ['ours', 'oras'],
      ['theirs', 'regctl'],
    ])('files and directories: %s, pulled by %s', async (tag) => {
      const name = `${registry.host}/both:${tag}`;
      const out = machine.dir.join(`out-${tag}`);
      if (tag === 'ours') {
        await machine.expect(0, ['artifact', 'push', name, 'a.txt', 'dir']);
        await oras('pull', '-o', out, name);
      } else {
        await oras('push', name, 'a.txt', 'dir');
        await machine.expect(0, ['artifact', 'pull', name, '--output-dir', out]);
      }
      const expected = filesIn(machine.dir.join('dir')).map((line) => `dir/${line}`);
      expect(filesIn(out)).toEqual(['a.txt 644 alpha', ...expected].toSorted());
      await rm(out, { recursive: true });
    });

    it('a tree of two levels from both, digest by digest, also after a deletion', async () => {
      const index = await makeIndex({ layers: 1 });
      await pushImage(registry.origin, 'app', ['1'], index);
      const image = `${registry.host}/app:1`;
      const at = (digest: string): string => `${registry.host}/app@${digest}`;
      const ours = async (to: string, type: string): Promise<string> => {
        const args = ['artifact', 'attach', '--type', type, to, 'a.txt:text/plain'];
        return ((await machine.json(args)) as Referrer).Digest;
      };
      const theirs = async (to: string, type: string): Promise<string> => {
        const args = ['--artifact-type', type, '--format', 'json', to, 'a.txt:text/plain'];
        const { stdout } = await oras('attach', ...args);
        return (JSON.parse(stdout) as Discovered).digest;
      };
      const one = await ours(image, 'application/vnd.acme.ours');
      const two = await theirs(image, 'application/vnd.acme.theirs');
      await theirs(at(one), 'application/vnd.acme.below-ours');
      await ours(at(two), 'application/vnd.acme.below-theirs');
      const { Children = [] } = (await machine.json(['referrers', image])) as Referrer;
      const child = Children[0]?.Digest ?? '';
      const ofChild = await theirs(at(child), 'application/vnd.acme.child');

      const agree = async (): Promise<readonly string[]> => {
        const tree = (await machine.json(['referrers', image])) as Referrer;
        for (const node of [tree, ...(tree.Children ?? [])]) {
          const { stdout } = await oras('discover', '--format', 'json', at(node.Digest));
          expect(shapeOfOurs(node)).toEqual(shapeOfTheirs(JSON.parse(stdout) as Discovered));
        }
        expect(tree.Children?.[0]?.Referrers.map(({ Digest }) => Digest)).toEqual([ofChild]);
        return tree.Referrers.map(({ Digest }) => Digest).toSorted();
      };
      expect(await agree()).toEqual([one, two].toSorted());
      await oras('manifest', 'delete', '-f', at(one));
      expect(await agree()).toEqual([two]);
    }, 60_000);
  });
});

type Shape = readonly (readonly [digest: string, type: string | null, below: unknown])[];

const byDigest = <T extends readonly [string, ...unknown[]]>(list: readonly T[]): readonly T[] =>
  list.toSorted(([a], [b]) => (a < b ? -1 : 1));

function shapeOfOurs({ Referrers }: Referrer): Shape {
  return byDigest(
    Referrers.map((one) => [one.Digest, one.ArtifactType, shapeOfOurs(one)] as const),
  );
}

function shapeOfTheirs({ referrers = [] }: Discovered): Shape {
  return byDigest(
    referrers.map((one) => [one.digest, one.artifactType ?? null, shapeOfTheirs(one)] as const),
  );
}

describeUnless(missingPeers('helm'), 'a Helm chart', () => {
  it('that regctl copied is pulled by helm, and named by inspect', async () => {
    await using machine = await newMachine();
    await using registry = await startServe();
    await mkdir(machine.dir.join('demo/templates'), { recursive: true });
    const chart = 'apiVersion: v2\nname: demo\nversion: 1.2.3+build.7\n';
    await writeFile(machine.dir.join('demo/Chart.yaml'), chart);
    const helm = async (...args: readonly string[]): Promise<void> => {
      const options = { cwd: machine.dir.path, env: machine.env };
      const done = await run(peer('helm') ?? '', args, options);
      expect(done.code, done.stderr).toBe(0);
    };
    await helm('package', 'demo');
    const file = 'demo-1.2.3+build.7.tgz';
    await helm('push', '--plain-http', file, `oci://${registry.host}/charts`);
    const [from, to] = ['charts', 'copied'].map((name) => `${registry.host}/${name}/demo`);
    await machine.expect(0, ['copy', `${from}:1.2.3+build.7`, `${to}:1.2.3+build.7`]);
    const version = ['--version', '1.2.3+build.7', '-d', 'got'];
    await mkdir(machine.dir.join('got'));
    await helm('pull', '--plain-http', `oci://${to}`, ...version);
    expect(await readFile(machine.dir.join(`got/${file}`))).toEqual(
      await readFile(machine.dir.join(file)),
    );
    expect(await machine.json(['inspect', `${to}:1.2.3_build.7`])).toMatchObject({
      ArtifactType: 'application/vnd.cncf.helm.config.v1+json',
    });
  }, 60_000);
});
