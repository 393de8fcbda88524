import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { createTrust } from '../../../src/client/trust.ts';
import { run as copy } from '../../../src/commands/copy/run.ts';
import { run as sign } from '../../../src/commands/sign/run.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { makeImage } from '../../helpers/images.ts';
import { fakeContext, input, storeWith } from '../fake-context.ts';

it('copies what was verified, though the tag moves', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const env = {
    KEY: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    PUB: String(publicKey.export({ type: 'spki', format: 'pem' })),
  };
  const signed = await makeImage({ layers: 1 });
  const other = await makeImage({ layers: 1 });
  const source = await storeWith({ v1: signed, other }, 'src.example/app');
  const signing = fakeContext({ env, openWrite: async () => source });
  await sign(signing, input(['src.example/app:v1'], { key: 'env://KEY' }), {});
  const destination = createMemoryStore('dest.example/app');
  const flags = {
    policy: undefined,
    verifyKeys: ['env://PUB'],
    acceptBundles: false,
    eachImage: false,
  };
  const requireTrusted = createTrust({
    machine: { env, home: undefined, os: 'linux' },
    settings: { ...flags, concurrency: 2 },
    host: { os: 'linux', architecture: 'amd64' },
    cwd: () => '/nowhere',
    openRead: async () => source,
  });
  const context = fakeContext({
    requestCount: () => 0,
    registry: async () => ({
      repository: () => expect.unreachable(),
      catalog: () => expect.unreachable(),
      ping: () => expect.unreachable(),
    }),
    openRead: async () => source,
    openWrite: async () => destination,
    async requireTrusted(location, options) {
      const trusted = await requireTrusted(location, options);
      await source.tag(other.root, 'v1');
      return trusted;
    },
  });
  await copy(context, input(['src.example/app:v1', 'dest.example/app:v1']), {});
  expect((await destination.resolve('v1')).digest).toBe(signed.root.digest);
  expect((await source.resolve('v1')).digest).toBe(other.root.digest);
  // Now the tag stands for what nobody signed.
  const again = copy(context, input(['src.example/app:v1', 'dest.example/app:v2']), {});
  await expect(again).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
});
