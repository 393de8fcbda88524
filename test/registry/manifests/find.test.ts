import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { createRegistryClient } from '../../../src/registry/client.ts';
import type { Repository } from '../../../src/registry/types.ts';
import type { ResolvePurpose } from '../../../src/store/types.ts';
import { testClient, tokenRegistry } from '../../http/setup.ts';
import type { ScriptedServer, Reply } from '../../helpers/scripted-server.ts';
import { startRegistry } from '../harness.ts';

const raw = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] }),
);
const index = { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(raw), size: raw.byteLength };
const answer = ({ method }: { readonly method: string }): Reply => ({
  status: 200,
  headers: {
    'content-type': index.mediaType,
    'docker-content-digest': index.digest,
    'content-length': String(raw.byteLength),
  },
  body: method === 'HEAD' ? '' : raw,
});
const URL_PATH = '/v2/a/manifests/v1';
const token = /^GET \/token/u;
const methods = ({ lines }: ScriptedServer): string[] =>
  lines.map((line) => (token.test(line) ? 'token' : line.replace(` ${URL_PATH}`, '')));

/** A promise, and what settles it. */
function open<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

function repositoryOf(server: ScriptedServer, client: ReturnType<typeof testClient>): Repository {
  const { request } = client;
  const endpoint = async (): Promise<URL> => new URL(server.origin);
  return createRegistryClient({ request, endpoint, warn: () => {} }).repository({
    registry: server.host,
    repository: 'a',
    access: 'pull',
  });
}

describe('a manifest of which it is not known yet what is wanted', () => {
  it.each([
    ['content', 'GET', raw],
    ['descriptor', 'HEAD', undefined],
  ] as const)('is signed in for meanwhile, then %s is one %s', async (want, method, bytes) => {
    await using server = await tokenRegistry({ answer });
    await using client = testClient();
    const wanted = open<ResolvePurpose>();
    const finding = repositoryOf(server, client).findManifest('v1', wanted.promise);
    await expect.poll(() => methods(server)).toEqual(['HEAD', 'token']);
    wanted.resolve(want);
    const found = await finding;
    expect(found?.descriptor).toEqual(index);
    expect(found?.raw && Buffer.from(found.raw)).toEqual(bytes);
    expect(methods(server)).toEqual(['HEAD', 'token', method]);
  });

  it('is asked for as wanted at once when the token is there already', async () => {
    await using server = await tokenRegistry({ answer });
    await using client = testClient();
    const at = repositoryOf(server, client);
    await at.headManifest('v1');
    const found = await at.findManifest('v1', Promise.resolve('content'));
    expect(found?.raw).toBeDefined();
    expect(methods(server)).toEqual(['HEAD', 'token', 'HEAD', 'GET']);
  });

  it('is asked for a second time only where there was no challenge', async () => {
    await using at = await startRegistry(answer);
    const found = await at.repository().findManifest('v1', Promise.resolve('content'));
    expect(found?.raw).toBeDefined();
    expect((await at.repository().findManifest('v1', Promise.resolve('descriptor')))?.raw).toBe(
      undefined,
    );
    expect(at.server.lines.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'GET', 'HEAD']);
  });

  it('is asked for as decided behind a redirect that leaves the registry', async () => {
    await using server = await tokenRegistry({ answer });
    await using elsewhere = await tokenRegistry({
      answer: ({ path }) => ({
        status: 307,
        headers: { location: `${server.origin}/open${path}` },
      }),
    });
    await using client = testClient();
    const found = repositoryOf(elsewhere, client).findManifest('v1', Promise.resolve('content'));
    await expect(found).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(server.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ['GET', undefined],
    ]);
  });

  it('is not asked for when what is wanted cannot be told', async () => {
    await using server = await tokenRegistry({ answer });
    await using client = testClient();
    const failure = new Error('the other side');
    const want = Promise.reject<ResolvePurpose>(failure);
    want.catch(() => undefined);
    await expect(repositoryOf(server, client).findManifest('v1', want)).rejects.toBe(failure);
    expect(methods(server)).toEqual(['HEAD', 'token']);
  });

  it('is not waited for after an abort', async () => {
    await using server = await tokenRegistry({ answer });
    await using client = testClient();
    const stop = new AbortController();
    const { promise } = open<ResolvePurpose>();
    const finding = repositoryOf(server, client).findManifest('v1', promise, {
      signal: stop.signal,
    });
    await expect.poll(() => methods(server)).toEqual(['HEAD', 'token']);
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(finding).rejects.toBe(reason);
    expect(methods(server)).toEqual(['HEAD', 'token']);
  });
});
