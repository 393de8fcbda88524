import { afterAll, beforeAll, expect, it } from 'vitest';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { run } from '../helpers/commands.ts';
import { makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer, type PeerName } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';

interface Peer {
  readonly name: PeerName;
  /** Prints the digest that a tag of a registry has. */
  readonly digest: (host: string, image: string) => readonly string[];
  /** Copies all platforms of an image within a registry. */
  readonly copy: (host: string, from: string, to: string) => readonly string[];
}

const PEERS: readonly Peer[] = [
  {
    name: 'crane',
    digest: (host, image) => ['digest', `${host}/${image}`],
    copy: (host, from, to) => ['copy', `${host}/${from}`, `${host}/${to}`],
  },
  {
    name: 'regclient',
    digest: (host, image) => [...plainHost(host), 'image', 'digest', `${host}/${image}`],
    copy: (host, from, to) => [
      ...plainHost(host),
      'image',
      'copy',
      `${host}/${from}`,
      `${host}/${to}`,
    ],
  },
  {
    name: 'oras',
    digest: (host, image) => ['resolve', '--plain-http', `${host}/${image}`],
    copy: (host, from, to) => [
      'cp',
      '--from-plain-http',
      '--to-plain-http',
      `${host}/${from}`,
      `${host}/${to}`,
    ],
  },
  {
    name: 'skopeo',
    digest: (host, image) => [
      'inspect',
      '--tls-verify=false',
      '--no-tags',
      '--format={{.Digest}}',
      `docker://${host}/${image}`,
    ],
    copy: (host, from, to) => [
      '--insecure-policy',
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${host}/${from}`,
      `docker://${host}/${to}`,
    ],
  },
];

/** For a regclient that asks registries by TLS unless it is told. */
function plainHost(host: string): readonly string[] {
  return ['--host', `reg=${host},tls=disabled`];
}

for (const { name, digest, copy } of PEERS) {
  describeUnless(missingPeers(name), `${name} and regctl on the embedded registry`, () => {
    let machine: Machine;
    let registry: RegistryServer;
    let image: TestImage;
    const program = peer(name) ?? '';
    const call = async (args: readonly string[]): Promise<string> => {
      const done = await run(program, args, { env: machine.env, cwd: machine.dir.path });
      expect(done.code, `${name} ${args.join(' ')}\n${done.stderr}`).toBe(0);
      return done.stdout.trim();
    };

    beforeAll(async () => {
      [machine, registry, image] = await Promise.all([
        newMachine(),
        startRegistryServer({ storage: createMemoryStorage() }),
        makeIndex(),
      ]);
      await pushImage(registry.url.origin, 'app', ['v1'], image);
    });
    afterAll(async () => {
      await registry.close();
      await machine[Symbol.asyncDispose]();
    });

    it('reads what regctl wrote', async () => {
      const { host } = registry.url;
      await machine.expect(0, ['copy', `${host}/app:v1`, `${host}/ours:v1`]);
      expect(await call(digest(host, 'ours:v1'))).toBe(image.root.digest);
    });

    it('writes what regctl reads', async () => {
      const { host } = registry.url;
      await call(copy(host, 'app:v1', 'theirs:v1'));
      const layout = `oci:${machine.dir.join('layout')}:v1`;
      await machine.expect(0, ['copy', `${host}/theirs:v1`, layout]);
      const seen = await machine.expect(0, ['digest', layout]);
      expect(seen.stdout.trim()).toContain(image.root.digest);
    });
  });
}
