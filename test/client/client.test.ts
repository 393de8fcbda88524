import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createClient } from '../../src/client/api/create-client.ts';
import type { ClientOptions } from '../../src/client/api/types.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { signingKey } from '../../src/signing/sign/key.ts';
import { signManifests } from '../../src/signing/sign/sign.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { codeOf } from '../helpers/thrown.ts';

let registry: RegistryServer;
let image: TestImage;

const ALONE: ClientOptions = {
  machine: { env: { REGCTL_CACHE: 'off' }, home: undefined },
  settings: { retryTimes: 0 },
};

beforeAll(async () => {
  registry = await startRegistryServer({ storage: createMemoryStorage() });
  image = await makeIndex();
  await pushImage(registry.url.origin, 'app', ['1', '2'], image);
});

afterAll(() => registry[Symbol.asyncDispose]());

const app = (rest: string): string => `${registry.host}/app${rest}`;

/** A server that answers nothing, so that a call ends only by its signal. */
async function silentServer(): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('an abort rejects with the reason of the signal', async () => {
  await using silent = await silentServer();
  await using client = createClient({ ...ALONE, connection: { plainHttp: true } });
  const reason = new Error('enough');
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    client.resolve(`${silent.host}/app:1`, { signal }),
    client.inspect(`${silent.host}/app:1`, { signal }),
    client.copy(`${silent.host}/app:1`, app(':copy'), { signal }),
    client.delete(`${silent.host}/app:1`, { signal }),
    Array.fromAsync(client.tags(`${silent.host}/app`, { signal })),
  ];
  controller.abort(reason);
  for (const call of calls) await expect(call).rejects.toBe(reason);
  await expect(client.resolve(app(':1'), { signal })).rejects.toBe(reason);
});

it('forty calls may share a signal without a warning of a leak', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  try {
    await using client = createClient(ALONE);
    const { signal } = new AbortController();
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await client.inspect(app(':1'), { signal });
        await client.copy(app(':1'), app(`-${i}:1`), { signal });
        await using store = await client.openRead(app(':1'), { signal });
        await store.resolve('1', { signal });
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    // Other tests of the process may leave warnings of their own.
    const names = warned.mock.calls.map(([warning]) => (warning as Error).name);
    expect(names).not.toContain('MaxListenersExceededWarning');
  } finally {
    process.off('warning', warned);
  }
});

it('allowHost is asked for names and addresses, and decides', async () => {
  const asked: (string | undefined)[] = [];
  const options = {
    ...ALONE,
    connection: { plainHttp: true },
    allowHost: (host: string, address: string | undefined): boolean => {
      asked.push(`${host} ${address}`);
      return address === undefined || address === '127.0.0.1';
    },
  };
  await using client = createClient(options);
  const { port } = registry.url;
  await client.resolve(app(':1'));
  expect(new Set(asked)).toEqual(new Set([`${registry.host} 127.0.0.1`]));
  asked.length = 0;
  await client.resolve(`localhost:${port}/app:1`).catch(() => undefined);
  expect(asked[0]).toBe(`localhost:${port} undefined`);
  expect(asked[1]).toMatch(/ (?:127\.0\.0\.1|::1)$/u);
  await using none = createClient({ ...options, allowHost: () => false });
  expect(await codeOf(none.resolve(app(':1')))).toBe('TARGET_FORBIDDEN');
  await using byAddress = createClient({
    ...options,
    allowHost: (_host, address) => address === undefined,
  });
  expect(await codeOf(byAddress.resolve(`localhost:${port}/app:1`))).toBe('TARGET_FORBIDDEN');
  await using probing = createClient({ ...ALONE, allowHost: () => false });
  expect(await codeOf(probing.resolve(app(':1')))).toBe('TARGET_FORBIDDEN');
  expect(none.requestCount + probing.requestCount).toBe(0);
});

it('names from users lead only to the given transports', async () => {
  await using client = createClient({ ...ALONE, transports: ['docker'] });
  expect(await codeOf(client.inspect('oci:/etc'))).toBe('UNSUPPORTED');
  expect(await codeOf(client.copy(app(':1'), 'dir:/tmp/x'))).toBe('UNSUPPORTED');
});

it('a login goes only to its registry', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const connection = { plainHttp: true };
    const logins = { 'ghcr.io': { username: 'ann', password: 's3cret' } };
    await using other = createClient({ ...ALONE, connection, logins });
    expect(await codeOf(other.resolve(`${host}/app:1`))).toBe('UNAUTHORIZED');
    expect(seen.filter((one) => one !== undefined)).toEqual([]);
    await using own = createClient({
      ...ALONE,
      connection,
      logins: { [host]: { username: 'ann', password: 's3cret' } },
    });
    expect(await codeOf(own.resolve(`${host}/app:1`))).toBe('UNAUTHORIZED');
    expect(seen.at(-1)).toBe(`Basic ${Buffer.from('ann:s3cret').toString('base64')}`);
  } finally {
    server.close();
  }
});

it('says what a deletion would do, and refuses a shared digest', async () => {
  await using client = createClient(ALONE);
  expect(await codeOf(client.delete(app(':1')))).toBe('TAG_SHARED');
  expect(await codeOf(client.delete(app('')))).toBe('USAGE');
  expect(await client.delete(app(':1'), { force: true, dryRun: true })).toEqual({
    digest: image.root.digest,
    tags: ['1', '2'],
    referrers: [],
    left: [],
  });
  expect(await client.resolve(app(':1'))).toMatchObject({ digest: image.root.digest });
});

it('converts while it copies', async () => {
  await using client = createClient(ALONE);
  await client.copy(app(':1'), app(':docker'), { format: 'v2s2' });
  expect((await client.resolve(app(':docker'))).mediaType).toBe(MEDIA_TYPE.dockerList);
});

it('an artifact with a subject is written by digest', async () => {
  await using client = createClient(ALONE);
  const subject = await client.resolve(app(':1'));
  const pushed = await client.push(app(''), [new Uint8Array([1])], { subject });
  const { RepoTags } = await client.inspect(app(':1'));
  expect(RepoTags).not.toContain('latest');
  expect(await client.resolve(app(`@${pushed.digest}`))).toMatchObject({ digest: pushed.digest });
});

it('a closed client refuses calls, and closing an unused one is nothing', async () => {
  const client = createClient(ALONE);
  await client[Symbol.asyncDispose]();
  await expect(client.resolve(app(':1'))).rejects.toThrow('closed');
});

it('finds what refers to an image, and verifies it', async () => {
  await using client = createClient(ALONE);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ type: 'spki', format: 'pem' });
  const keys = [String(key)];
  await client.copy(app(':1'), `${registry.host}/signed:1`);
  const signed = `${registry.host}/signed:1`;
  expect(await codeOf(client.verify(signed, { keys }))).toBe('POLICY_REJECTED');
  const subject = await client.resolve(signed);
  {
    await using store = await client.openWrite(signed);
    await signManifests(
      store,
      [subject],
      { annotations: { by: 'test' }, reference: signed },
      {
        forms: ['bundle'],
        concurrency: 1,
        key: signingKey(privateKey),
        created: '2026-02-01T00:00:00Z',
      },
    );
  }
  const verdicts = await client.verify(signed, { keys, annotations: { by: 'test' } });
  expect(verdicts.filter(({ reason }) => reason === undefined)).toHaveLength(1);
  const { root } = await client.referrers(signed);
  expect(root.referrers.map(({ kinds }) => kinds)).toEqual([['signature']]);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const wrong = [String(other.export({ type: 'spki', format: 'pem' }))];
  expect(await codeOf(client.verify(signed, { keys: wrong }))).toBe('POLICY_REJECTED');
});

it('keeps a repository up to date', async () => {
  await using client = createClient(ALONE);
  const target = `${registry.host}/mirror`;
  const include = ['1|2'];
  const planned = await client.sync(app(''), target, { include, dryRun: true });
  expect(planned.map(({ outcome }) => outcome)).toEqual(['copied', 'copied']);
  expect(await codeOf(client.resolve(`${target}:1`))).toBe('REPOSITORY_UNKNOWN');
  const seen: string[] = [];
  const copied = await client.sync(app(''), target, {
    include,
    onImage: ({ destination }) => seen.push(destination),
  });
  expect(copied.map(({ outcome, error }) => [outcome, error])).toEqual([
    ['copied', undefined],
    ['copied', undefined],
  ]);
  expect(seen).toHaveLength(2);
  const again = await client.sync(app(''), target, { include });
  expect(again.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
});
