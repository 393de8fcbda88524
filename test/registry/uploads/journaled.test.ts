import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { createRegistryClient } from '../../../src/registry/client.ts';
import type { JournaledSession, UploadJournal } from '../../../src/registry/journal/types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import type { Source } from '../../../src/store/types.ts';
import { BASIC, chainOf, PASSWORD, testClient } from '../../http/setup.ts';
import { startScriptedServer, type Script, type Scripted } from '../../helpers/scripted-server.ts';
import { SECRET, startRegistry, type Harness } from '../harness.ts';

const MIB = 1024 * 1024;
const data = Buffer.from(Array.from({ length: 3 * MIB }, (_item, index) => (index * 7) % 251));
const digest = digestOf(data);
const query = `digest=${encodeURIComponent(digest)}`;
const layer = { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: data.byteLength };
const source = sourceFromBytes(layer, data);
const POST = 'POST /v2/a/b/blobs/uploads/';
const kept = (end: number) => ({ status: 204, headers: { range: `0-${end - 1}` } });
/** It has the whole blob. */
const whole = { status: 200, headers: { 'content-length': String(3 * MIB) } };
const HEAD = `HEAD /v2/a/b/blobs/${digest}`;
/** A registry that goes on with an upload, and has it in the end. */
const going =
  (end: number): Script =>
  ({ method }) =>
    method === 'GET' ? kept(end) : method === 'HEAD' ? whole : { status: 201 };
const opened = { status: 202, headers: { location: '/new' } };

/** A journal that has this URL for every blob, and writes down what it is told. */
function journalOf(url: string): UploadJournal & { readonly told: string[] } {
  const told: string[] = [];
  const path = ({ url: at }: JournaledSession): string => at.replace(/^https?:\/\/[^/]*/u, '');
  const entry = (name: string) => ({
    moved: (session: JournaledSession) => void told.push(`${name} moved ${path(session)}`),
    done: async () => void told.push(`${name} done`),
    handOver: async () => void told.push(`${name} left`),
  });
  return {
    told,
    minSize: MIB,
    find: async () => ({ session: { url }, entry: entry('old') }),
    add(_blob, session) {
      told.push(`noted ${path(session)}`);
      return entry('new');
    },
  };
}

/** A registry whose journal points at `url`, "/up" of itself by default. */
async function left(
  script: Script,
  url?: string,
): Promise<Harness & { readonly told: readonly string[] }> {
  const { told, ...plain } = journalOf('about:blank');
  const holder = { url: url ?? '' };
  const journal: UploadJournal = {
    ...plain,
    find: async (blob) => {
      const found = await plain.find(blob);
      return found && { ...found, session: { url: holder.url } };
    },
  };
  const at = await startRegistry(script, { journal });
  holder.url = url ?? `${at.server.origin}/up`;
  return { ...at, told };
}

describe('an upload that an earlier run left', () => {
  it('gets the rest, from the byte that the registry names', async () => {
    await using at = await left(going(2 * MIB));
    const sent: number[] = [];
    const onBytes = (count: number): void => void sent.push(count);
    expect(await at.repository('push').putBlob(source, { onBytes })).toBe('written');
    expect(at.server.lines).toEqual(['GET /up', `PUT /up?${query}`, HEAD]);
    const [, put] = at.server.requests;
    expect(put?.headers['content-range']).toBe(`${2 * MIB}-${3 * MIB - 1}`);
    expect(put?.headers.authorization).toBe(SECRET);
    expect(put?.body.equals(data.subarray(2 * MIB))).toBe(true);
    expect([sent[0], sent.at(-1)]).toEqual([2 * MIB, 3 * MIB]);
    expect(at.told).toEqual(['old moved /up', 'old done']);
  });

  it('is finished by an empty PUT when all of it was there', async () => {
    await using at = await left(going(3 * MIB));
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(at.server.requests[1]?.body).toHaveLength(0);
  });
});

describe('what cannot be gone on with costs a request or two and is begun anew', () => {
  it.each<[string, Scripted, readonly string[]]>([
    ['a session that is forgotten', { status: 404 }, []],
    ['one of somebody else', { status: 403 }, []],
    ['one that does not say where it is', { status: 204 }, []],
    ['one that has hardly anything', kept(1000), ['DELETE /up']],
    ['one that has more than there is', kept(4 * MIB), ['DELETE /up']],
    [
      'one that moves to a place that is refused',
      {
        status: 204,
        headers: { range: `0-${2 * MIB - 1}`, location: 'ftp://x/' },
      },
      [],
    ],
  ])('%s', async (_name, status, cleaning) => {
    await using at = await left(({ method, path }) => {
      if (method === 'GET') return status;
      if (method === 'POST') return opened;
      return path.startsWith('/new') ? { status: 201 } : { status: 204 };
    });
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(at.server.lines).toEqual(['GET /up', ...cleaning, POST, `PUT /new?${query}`]);
    expect(at.server.requests.at(-1)?.body.equals(data)).toBe(true);
    expect(at.told).toEqual(['old done', 'noted /new', 'new done']);
  });

  it.each([
    ['other bytes than ours', 400, 'DIGEST_INVALID'],
    ['no upload that goes on', 400, 'UNSUPPORTED'],
    ['the session, by now', 404, 'BLOB_UPLOAD_UNKNOWN'],
  ])('a registry that refuses %s', async (_name, status, code) => {
    await using at = await left(({ method, path }) => {
      if (method === 'GET') return kept(2 * MIB);
      if (method === 'POST') return opened;
      if (method === 'DELETE') return { status: 204 };
      const body = JSON.stringify({ errors: [{ code }] });
      return path.startsWith('/new') ? { status: 201 } : { status, body };
    });
    expect(await at.repository('push').putBlob(source)).toBe('written');
    const lines = at.server.lines.filter((line) => line !== 'DELETE /up');
    expect(lines).toEqual(['GET /up', `PUT /up?${query}`, POST, `PUT /new?${query}`]);
    expect(at.server.requests.at(-1)?.body.equals(data)).toBe(true);
    expect(at.told.at(-1)).toBe('old done');
  });

  it('once, and then the registry’s word counts', async () => {
    await using at = await left(({ method }) => {
      if (method === 'GET') return kept(2 * MIB);
      if (method === 'POST') return opened;
      return method === 'DELETE' ? { status: 204 } : { status: 400, body: '{}' };
    });
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
    });
    expect(at.server.lines.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
    expect(at.told.at(-1)).toBe('old done');
  });
});

it('finds out first that the blob is there by now, where nothing is known of it', async () => {
  await using at = await left(({ method }) => {
    if (method === 'GET') return kept(2 * MIB);
    return { status: method === 'HEAD' ? 200 : 204 };
  });
  expect(await at.repository('push').putBlob(source, { probe: true })).toBe('present');
  expect(at.server.lines).toEqual(['GET /up', HEAD, 'DELETE /up']);
});

it('reads the source to the offset before a request waits for it', async () => {
  const order: string[] = [];
  const script = going(2 * MIB);
  await using at = await left((request, count) => {
    order.push(request.method);
    return script(request, count);
  });
  const slow: Source = {
    descriptor: layer,
    async open(options) {
      const from = options?.from ?? 0;
      return (async function* () {
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push(`read from ${from}`);
        yield data.subarray(from);
      })();
    },
  };
  expect(await at.repository('push').putBlob(slow)).toBe('written');
  expect(order).toEqual(['GET', `read from ${2 * MIB}`, 'PUT', 'HEAD']);
});

it('cancels nothing that another run may go on with, and everything else', async () => {
  const cut = { status: 503 };
  await using at = await left(({ method }) => (method === 'GET' ? kept(2 * MIB) : cut));
  await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({ status: 503 });
  expect(at.server.lines.some((line) => line.startsWith('DELETE'))).toBe(false);
  expect(at.told.at(-1)).toBe('old left');

  await using other = await left(({ method }) =>
    method === 'GET' ? kept(2 * MIB) : { status: 204 },
  );
  const broken: Source = { descriptor: layer, open: () => Promise.reject(new Error('gone')) };
  await expect(other.repository('push').putBlob(broken)).rejects.toThrow('gone');
  expect(other.server.lines.at(-1)).toBe('DELETE /up');
  expect(other.told.at(-1)).toBe('old done');
});

describe('a journal that somebody has changed', () => {
  it('gets no credentials for another origin', async () => {
    await using evil = await startScriptedServer(going(2 * MIB));
    await using at = await left(going(0), `${evil.origin}/up`);
    await at.repository('push').putBlob(source);
    expect(evil.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
    // Its own registry is asked whether it has the whole.
    expect(at.server.lines).toEqual([HEAD]);
    expect(at.scopes).toEqual(['anonymous', 'anonymous', 'repository:a/b:pull,push']);
  });

  it.each(['http://169.254.169.254/latest/', 'http://user:pw@127.0.0.1:1/', 'gopher://x/'])(
    'sends nobody to %s',
    async (url) => {
      await using server = await startScriptedServer((request) =>
        request.method === 'POST' ? opened : { status: 201 },
      );
      await using http = testClient({ credentials: chainOf(BASIC) });
      const client = createRegistryClient({
        request: http.request,
        endpoint: http.endpoint,
        warn: () => undefined,
        journal: journalOf(url),
      });
      await client
        .repository({ registry: server.host, repository: 'a/b', access: 'push' })
        .putBlob(source);
      expect(server.lines).toEqual([POST, `PUT /new?${query}`]);
      expect(http.logged.join('\n')).not.toMatch(/169\.254|:1\/|gopher/u);
      expect(http.logged.join('\n')).not.toContain(PASSWORD);
    },
  );
});
