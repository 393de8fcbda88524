import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { missingPrograms } from '../helpers/commands.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeIndex, pushImage } from '../helpers/images.ts';
import { describeUnless } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';

interface Node {
  readonly Digest: string;
  readonly Kinds: readonly string[];
  readonly ArtifactType: string;
  readonly Referrers: readonly Node[];
  readonly Children?: readonly Node[];
}

interface Host extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
}

const REGISTRIES: readonly (readonly [
  name: string,
  reason: string | undefined,
  start: () => Promise<Host>,
])[] = [
  ['the referrers API (serve)', undefined, startServe],
  ['fallback tags (docker-registry)', missingPrograms('docker-registry'), startFallback],
];

async function startServe(): Promise<Host> {
  const server = await startRegistryServer({ storage: createMemoryStorage() });
  const { host, origin } = server.url;
  return { host, origin, [Symbol.asyncDispose]: () => server.close() };
}

function startFallback(): Promise<Host> {
  return startDockerRegistry({ allowDelete: true });
}

describe.each(REGISTRIES)('artifacts in a registry with %s', (kind, reason, start) => {
  describeUnless(reason, 'push, pull, attach, referrers, repair', () => {
    let registry: Host;
    let machine: Machine;
    let image: string;
    let root: string;
    beforeAll(async () => {
      [registry, machine] = await Promise.all([start(), newMachine()]);
      const index = await makeIndex({ layers: 1 });
      await pushImage(registry.origin, 'app', ['1'], index);
      image = `${registry.host}/app:1`;
      root = index.root.digest;
      await mkdir(machine.dir.join('dir'));
      await writeFile(machine.dir.join('a.txt'), 'alpha');
      await writeFile(machine.dir.join('dir/b.txt'), 'beta');
    });
    afterAll(async () => {
      await machine[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    });

    const attach = async (to: string, type: string): Promise<string> => {
      const args = ['artifact', 'attach', '--type', type, to, 'a.txt:text/plain'];
      const { Digest } = (await machine.json(args)) as Node;
      return Digest;
    };
    const tree = async (): Promise<Node> => (await machine.json(['referrers', image])) as Node;

    it('come back as they were, and a second pull has nothing to do', async () => {
      const name = `${registry.host}/files:1`;
      await machine.expect(0, ['artifact', 'push', name, 'a.txt:text/plain', 'dir']);
      const pull = ['artifact', 'pull', name, '--output-dir', 'out'];
      expect(await machine.json(pull)).toMatchObject({ Written: ['a.txt', 'dir/b.txt'] });
      expect(await readFile(machine.dir.join('out/dir/b.txt'), 'utf8')).toBe('beta');
      expect(await machine.json(pull)).toMatchObject({ Written: [] });
      await writeFile(machine.dir.join('out/a.txt'), 'mine');
      await machine.expect(3, pull);
    });

    it('are a tree of two levels with the children of the index, also after a deletion', async () => {
      const one = await attach(image, 'application/spdx+json');
      const two = await attach(image, 'application/vnd.acme.report');
      const below = await attach(`${registry.host}/app@${one}`, 'application/vnd.acme.mark');
      const { Children = [] } = await tree();
      const child = Children[0]?.Digest ?? '';
      const ofChild = await attach(`${registry.host}/app@${child}`, 'application/vnd.acme.child');
      const before = await tree();
      expect(before.Digest).toBe(root);
      expect(before.Referrers.map(({ Digest }) => Digest).toSorted()).toEqual(
        [one, two].toSorted(),
      );
      const sbom = before.Referrers.find(({ Digest }) => Digest === one);
      expect(sbom).toMatchObject({ Kinds: ['SBOM (SPDX)'], Referrers: [{ Digest: below }] });
      expect(before.Children?.[0]?.Referrers).toMatchObject([{ Digest: ofChild }]);
      await machine.expect(0, ['delete', '--yes', `${registry.host}/app@${two}`]);
      expect((await tree()).Referrers.map(({ Digest }) => Digest)).toEqual([one]);
    });

    it('are printed by their type', async () => {
      const { stdout } = await machine.expect(0, ['referrers', '--get', 'sbom', image]);
      expect(stdout).toBe('alpha');
      await machine.expect(2, ['referrers', '--get', 'vuln', image]);
    });

    it('get back what their fallback tag lost', async () => {
      const { Referrers } = await tree();
      const digests = Referrers.map(({ Digest }) => Digest);
      const manifests = await Promise.all(digests.map(poorEntry));
      const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
      const tag = root.replace(':', '-');
      const put = await fetch(`${registry.origin}/v2/app/manifests/${tag}`, {
        method: 'PUT',
        body,
        headers: { 'content-type': INDEX },
      });
      expect(put.status).toBe(201);
      const args = ['referrers', 'repair', `${registry.host}/app`];
      const isApi = kind.includes('API');
      const done = { Tag: tag, Entries: digests, ...(isApi ? { Moved: digests } : { Moved: [] }) };
      const completed = isApi ? [] : digests;
      expect(await repairOf(args, tag)).toMatchObject({ ...done, Completed: completed, Left: [] });
      expect(await repairOf(args, tag)).toMatchObject({ ...done, Completed: [] });
      expect((await tree()).Referrers).toEqual(Referrers);
      if (!isApi) return;
      expect(await repairOf([...args, '--delete-tag'], tag)).toMatchObject({ TagDeleted: true });
      const { stdout } = await machine.expect(0, ['tags', `${registry.host}/app`]);
      expect(stdout).toBe('1\n');
      expect((await tree()).Referrers).toEqual(Referrers);
    });

    const poorEntry = async (digest: string): Promise<object> => {
      const { bytes } = await machine.expect(0, ['manifest', `${registry.host}/app@${digest}`]);
      const actual = createHash('sha256').update(bytes).digest('hex');
      expect(`sha256:${actual}`).toBe(digest);
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      return { mediaType, digest, size: bytes.byteLength };
    };

    const repairOf = async (args: readonly string[], tag: string): Promise<unknown> => {
      const { Tags } = (await machine.json(args)) as { readonly Tags: readonly { Tag: string }[] };
      return Tags.find(({ Tag }) => Tag === tag);
    };
  });
});
