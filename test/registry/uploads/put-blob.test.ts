import { createRegistryClient } from '../../../src/registry/client.ts';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import type { Source } from '../../../src/store/types.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import { SECRET, startRegistry } from '../harness.ts';

const data = Buffer.from('some layer');
const digest = digestOf(data);
const query = `digest=${encodeURIComponent(digest)}`;
const layer = { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: data.byteLength };
const source = sourceFromBytes(layer, data);
const POST = 'POST /v2/a/b/blobs/uploads/';
/** Its Location is what makes a 201 a mount. */
const MOUNTED = { status: 201, headers: { location: `/v2/a/b/blobs/${digest}` } };
/** It has that many bytes of a blob. */
const has = (size: number) => ({ status: 200, headers: { 'content-length': String(size) } });
const opened = (location: string) => ({ status: 202, headers: { location } });

describe('putBlob', () => {
  it.each<[string, string, string]>([
    ['relative', '/v2/a/b/blobs/uploads/1', `/v2/a/b/blobs/uploads/1?${query}`],
    ['with state', '/up/1?_state=a%2Fb%3D', `/up/1?_state=a%2Fb%3D&${query}`],
    ['with an open query', '/up/1?', `/up/1?${query}`],
    ['with a fragment', '/up/1?x=1#frag', `/up/1?x=1&${query}`],
    ['without a leading slash', 'abc', `/v2/a/b/blobs/uploads/abc?${query}`],
  ])('posts, then puts to a Location %s', async (_name, location, put) => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened(location) : { status: 201 },
    );
    const sent: number[] = [];
    const outcome = await at
      .repository('push')
      .putBlob(source, { onBytes: (count) => sent.push(count) });
    expect(outcome).toBe('written');
    expect(at.server.lines).toEqual([POST, `PUT ${put}`]);
    expect(at.server.requests[1]?.body).toEqual(data);
    expect(at.server.requests[1]?.headers).toMatchObject({
      'content-length': String(data.byteLength),
      'content-type': 'application/octet-stream',
      authorization: SECRET,
    });
    expect(at.scopes).toEqual(['repository:a/b:pull,push', 'repository:a/b:pull,push']);
    expect(sent).toEqual([0, data.byteLength]);
  });

  it('accepts an absolute Location, 204 and an empty blob', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST'
        ? opened(`http://${request.headers.host}/up`)
        : { status: 204, headers: { 'docker-content-digest': digestOf(Buffer.alloc(0)) } },
    );
    const empty = sourceFromBytes(
      { ...layer, digest: digestOf(Buffer.alloc(0)), size: 0 },
      Buffer.alloc(0),
    );
    expect(await at.repository('push').putBlob(empty)).toBe('written');
    expect(at.server.requests[1]?.headers['content-length']).toBe('0');
    expect(at.server.requests[1]?.headers.authorization).toBe(SECRET);
  });

  it('names an algorithm that is not sha256', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : { status: 201 },
    );
    const long = { ...layer, digest: digestOf(data, 'sha512') };
    await at.repository('push').putBlob(sourceFromBytes(long, data));
    expect(at.server.lines[0]).toBe(`${POST}?digest-algorithm=sha512`);
  });

  it('sends no credentials to a Location on another origin', async () => {
    await using storage = await startScriptedServer(() => ({ status: 201 }));
    await using at = await startRegistry(() => opened(`${storage.origin}/up?sig=1`));
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(storage.lines).toEqual([`PUT /up?sig=1&${query}`]);
    expect(storage.requests[0]?.headers.authorization).toBeUndefined();
    expect(at.scopes).toEqual(['repository:a/b:pull,push', 'anonymous']);
  });

  it.each(['PATCH', 'GET'])('sends none to where the answer to a %s leads', async (method) => {
    const big = Buffer.alloc(5 << 20, 7);
    const bigLayer = { ...layer, digest: digestOf(big), size: big.length };
    const start = 4 << 20;
    await using storage = await startScriptedServer((request) => ({
      status: request.method === 'PUT' ? 201 : 204,
    }));
    const elsewhere = { location: `${storage.origin}/up?sig=1`, range: `0-${start - 1}` };
    let puts = 0;
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      if (request.method === 'DELETE') return { status: 204 };
      if (request.method === 'HEAD') return has(big.length);
      if (request.method === method) return { status: 202, headers: elsewhere };
      puts += 1;
      // Chunks are asked for, or the session is.
      return { status: method === 'PATCH' ? 413 : 503 };
    });
    expect(await at.repository('push').putBlob(sourceFromBytes(bigLayer, big))).toBe('written');
    expect(puts).toBe(1);
    const put = storage.requests.find((one) => one.method === 'PUT');
    expect(put?.headers['content-range']).toBe(`${start}-${big.length - 1}`);
    expect(storage.requests.map((one) => one.headers.authorization)).not.toContain(SECRET);
  });

  it('does not try again where the disk is full (507)', async () => {
    const full = { errors: [{ code: 'UNKNOWN', message: 'no space is left' }] };
    await using at = await startRegistry((request) =>
      request.method === 'POST'
        ? opened('/up')
        : {
            status: 507,
            body: JSON.stringify(full),
            headers: { 'content-type': 'application/json' },
          },
    );
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({
      status: 507,
      hint: expect.stringContaining('no space left') as string,
    });
    expect(at.server.lines.filter((line) => line.startsWith('PUT'))).toHaveLength(1);
  });

  it('starts a lost session over, once', async () => {
    const lost = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
    await using at = await startRegistry((request, count) =>
      request.method === 'POST' ? opened(`/up${count}`) : count === 2 ? lost : { status: 201 },
    );
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(at.server.lines).toEqual([POST, `PUT /up1?${query}`, POST, `PUT /up3?${query}`]);

    await using never = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : lost,
    );
    await expect(never.repository('push').putBlob(source)).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
    });
    expect(never.server.lines.map((line) => line.split('?')[0])).toEqual([
      POST,
      'PUT /up',
      POST,
      'PUT /up',
      'DELETE /up',
    ]);
  });

  it.each<[string, Parameters<typeof startRegistry>[0], string]>([
    ['a web server answers', () => ({ status: 200, body: 'hello' }), 'NOT_A_REGISTRY'],
    ['the body is too large', () => ({ status: 413 }), 'UPLOAD_FAILED'],
    [
      'something else was stored',
      () => ({ status: 201, headers: { 'docker-content-digest': digestOf(Buffer.from('x')) } }),
      'DIGEST_MISMATCH',
    ],
  ])('cancels the session when %s', async (_name, put, code) => {
    await using at = await startRegistry((request, count) => {
      if (request.method === 'POST') return opened('/up?s=1');
      return request.method === 'DELETE' ? { status: 204 } : put(request, count);
    });
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({ code });
    const lines = at.server.lines.filter((line) => !line.startsWith('HEAD'));
    expect(lines).toEqual([POST, `PUT /up?s=1&${query}`, 'DELETE /up?s=1']);
  });

  it('sends once more what was damaged on the way, and then says so', async () => {
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      if (request.method === 'DELETE') return { status: 204 };
      return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    });
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    const round = [POST, `PUT /up?${query}`, 'DELETE /up'];
    expect(at.server.lines).toEqual([...round, ...round]);
  });

  it('finds the size of a request that passes, after two that do not', async () => {
    const big = Buffer.alloc(9 << 20, 7);
    const bigLayer = { ...layer, digest: digestOf(big), size: big.length };
    const LIMIT = 1 << 20;
    const refused: number[] = [];
    let stored = 0;
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      if (request.method === 'DELETE') return { status: 204 };
      if (request.method === 'HEAD') return has(stored);
      if (request.method === 'GET') {
        return { status: 204, headers: { location: '/up', range: `0-${Math.max(0, stored - 1)}` } };
      }
      if (request.body.length > LIMIT) {
        refused.push(request.body.length);
        return { status: 413 };
      }
      stored += request.body.length;
      return request.method === 'PUT'
        ? { status: 201 }
        : { status: 202, headers: { location: '/up', range: `0-${stored - 1}` } };
    });
    expect(await at.repository('push').putBlob(sourceFromBytes(bigLayer, big))).toBe('written');
    expect([stored, refused]).toEqual([big.length, [9 << 20, 4 << 20]]);
  });

  it.each([
    [200, { 'docker-content-digest': digest }, 0],
    [202, { location: `https://cdn.example/v2/a/b/blobs/${digest.replace(':', '%3A')}` }, 0],
    [200, {}, 1],
  ])(
    'takes %i for stored when it names the blob, or the blob shows',
    async (status, headers, heads) => {
      await using at = await startRegistry(({ method }) => {
        if (method === 'POST') return { status: 201, headers: { location: '/up' } };
        return method === 'HEAD'
          ? { status: 200, headers: { 'content-length': String(data.byteLength) } }
          : { status, headers };
      });
      expect(await at.repository('push').putBlob(source)).toBe('written');
      expect(at.server.lines.filter((line) => line.startsWith('HEAD'))).toHaveLength(heads);
    },
  );

  it('reports what the source threw, and cancels', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : { status: 204 },
    );
    const broken: Source = {
      descriptor: layer,
      open: async () =>
        (async function* () {
          yield data.subarray(0, 3);
          throw new Error('source broke');
        })(),
    };
    await expect(at.repository('push').putBlob(broken)).rejects.toThrow('source broke');
    expect(at.server.lines.at(-1)).toBe('DELETE /up');
  });

  it('says whether the source or the way is damaged when the digest is refused', async () => {
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      if (request.method === 'DELETE') return { status: 204 };
      return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    });
    const repository = at.repository('push');
    await expect(repository.putBlob(source)).rejects.toThrow('the registry received other content');
    const altered = sourceFromBytes(layer, Buffer.from(data).fill(0));
    await expect(repository.putBlob(altered)).rejects.toThrow('the source of reg.example/a/b@');
  });

  it.each<[string, Buffer]>([
    ['short', data.subarray(1)],
    ['long', Buffer.concat([data, data])],
  ])('refuses a source that is too %s', async (_name, bytes) => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : { status: 204 },
    );
    await expect(
      at.repository('push').putBlob(sourceFromBytes(layer, bytes)),
    ).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('cancels on abort, although the signal is spent', async () => {
    const controller = new AbortController();
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      if (request.method === 'DELETE') return { status: 204 };
      return () => controller.abort(new Error('stopped'));
    });
    const put = at.repository('push').putBlob(source, { signal: controller.signal });
    await expect(put).rejects.toThrow('stopped');
    expect(at.server.lines.at(-1)).toBe('DELETE /up');
  });

  it.each<[string, Record<string, string>, string]>([
    ['none', {}, 'UPLOAD_FAILED'],
    ['no URL', { location: 'http://[' }, 'UPLOAD_FAILED'],
    ['another scheme', { location: 'file:///etc/passwd' }, 'TARGET_FORBIDDEN'],
    ['a login', { location: 'http://u:p@127.0.0.1:1/' }, 'TARGET_FORBIDDEN'],
  ])('refuses a Location that is %s', async (_name, headers, code) => {
    await using at = await startRegistry(() => ({ status: 202, headers }));
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({ code });
    expect(at.server.lines).toEqual([POST]);
  });

  it('tells to create what a push does not create', async () => {
    const body = '{"errors":[{"code":"NAME_UNKNOWN","message":"repository does not exist"}]}';
    await using at = await startRegistry(() => ({ status: 404, body }));
    await expect(at.repository('push').putBlob(source)).rejects.toMatchObject({
      code: 'REPOSITORY_UNKNOWN',
      hint: expect.stringContaining('first') as string,
    });
  });
});

describe('mount', () => {
  it('is prepared for by the first request of a repository that will need it', async () => {
    const auths: unknown[] = [];
    const client = createRegistryClient({
      request: async (one) => {
        auths.push(one.auth);
        throw new Error('enough');
      },
      endpoint: async () => new URL('http://127.0.0.1:1'),
      warn: () => {},
    });
    const from = ['c/d', 'e/f', 'g/h', 'i/j'];
    for (const mountFrom of [from, undefined]) {
      const at = client.repository({
        registry: 'reg.example',
        repository: 'a/b',
        access: 'push',
        mountFrom,
      });
      await expect(at.headManifest('v1')).rejects.toThrow('enough');
    }
    const auth = {
      registry: 'reg.example',
      repository: 'a/b',
      scopes: ['repository:a/b:pull,push'],
    };
    const pulls = ['repository:c/d:pull', 'repository:e/f:pull', 'repository:g/h:pull'];
    expect(auths).toEqual([{ ...auth, upcomingScopes: pulls }, auth]);
  });

  const mount = `${POST}?mount=${encodeURIComponent(digest)}&from=c%2Fd`;

  it('is one POST with both scopes', async () => {
    await using at = await startRegistry(() => MOUNTED);
    const outcome = await at.repository('push').putBlob(source, { mountFrom: ['c/d'] });
    expect(outcome).toBe('mounted');
    expect(at.server.lines).toEqual([mount]);
    expect(at.scopes).toEqual(['repository:a/b:pull,push repository:c/d:pull']);
  });

  it('uses the session it gets instead', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : { status: 201 },
    );
    const outcome = await at.repository('push').putBlob(source, { mountFrom: ['c/d', 'e/f'] });
    expect(outcome).toBe('written');
    expect(at.server.lines).toEqual([mount, `PUT /up?${query}`]);
  });

  it.each([
    ['its upload, which is used', '/v2/a/b/blobs/uploads/9', ['PUT /v2/a/b/blobs/uploads/9']],
    ['nothing', undefined, [`HEAD /v2/a/b/blobs/${digest}`, 'POST', 'PUT /up']],
    ['another blob', '/v2/a/b/blobs/sha256:0', [`HEAD /v2/a/b/blobs/${digest}`, 'POST', 'PUT /up']],
  ])('a 201 is no mount when its Location is %s', async (_name, location, rest) => {
    await using at = await startRegistry(({ path, method }) => {
      if (method === 'HEAD') return { status: 404 };
      if (path.includes('mount=')) {
        return { status: 201, ...(location === undefined ? {} : { headers: { location } }) };
      }
      return method === 'POST' ? opened('/up') : { status: 201 };
    });
    const outcome = await at.repository('push').putBlob(source, { mountFrom: ['c/d'] });
    expect(outcome).toBe('written');
    const lines = at.server.lines.map((line) => line.split('?')[0]?.replace(POST, 'POST'));
    expect(lines).toEqual(['POST', ...rest]);
  });

  it('a 201 whose Location says nothing is one when the blob shows', async () => {
    await using at = await startRegistry(({ method }) => ({
      status: method === 'HEAD' ? 200 : 201,
    }));
    const outcome = await at.repository('push').putBlob(source, { mountFrom: ['c/d'] });
    expect(outcome).toBe('mounted');
  });

  it.each([400, 401, 403, 404, 405, 500, 502, 503])('posts plainly after %i', async (status) => {
    await using at = await startRegistry((request) => {
      if (request.path.includes('mount=')) return { status };
      return request.method === 'POST' ? opened('/up') : { status: 201 };
    });
    const outcome = await at.repository('push').putBlob(source, { mountFrom: ['c/d'] });
    expect(outcome).toBe('written');
    expect(at.server.lines).toEqual([mount, POST, `PUT /up?${query}`]);
  });

  it('never mounts from itself or from what is no repository', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up') : { status: 201 },
    );
    await at.repository('push').putBlob(source, { mountFrom: ['a/b'] });
    expect(at.server.lines[0]).toBe(POST);
    const evil = at.repository('push').putBlob(source, { mountFrom: ['../x&y=1'] });
    await expect(evil).rejects.toMatchObject({ code: 'INVALID_REFERENCE' });
  });
});

describe('a blob of which nothing is known', () => {
  const own = `${POST}?mount=${encodeURIComponent(digest)}&from=a%2Fb`;
  const big = Buffer.alloc((1 << 20) + 1, 'x');
  const bigDigest = digestOf(big);
  const bigSource = sourceFromBytes(
    { ...source.descriptor, digest: bigDigest, size: big.length },
    big,
  );
  const head = `HEAD /v2/a/b/blobs/${bigDigest}`;

  it('is there: one POST, nothing sent', async () => {
    await using at = await startRegistry(() => MOUNTED);
    expect(await at.repository('push').putBlob(source, { probe: true })).toBe('present');
    expect(at.server.lines).toEqual([own]);
    expect(at.scopes).toEqual(['repository:a/b:pull,push']);
  });

  it('is not there: the same POST opened the upload', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'POST' ? opened('/up?_state=x') : { status: 201 },
    );
    expect(await at.repository('push').putBlob(bigSource, { probe: true })).toBe('written');
    expect(at.server.lines.map((line) => line.split('?')[0])).toEqual([POST, 'PUT /up']);
  });

  it('a registry that cannot mount is asked before much is sent', async () => {
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      return { status: request.method === 'DELETE' ? 204 : 200 };
    });
    expect(await at.repository('push').putBlob(bigSource, { probe: true })).toBe('present');
    expect(at.server.lines.slice(1)).toEqual([head, 'DELETE /up']);
  });

  it('and where it has not got the blob, its upload goes on', async () => {
    await using at = await startRegistry((request) => {
      if (request.method === 'POST') return opened('/up');
      return { status: request.method === 'HEAD' ? 404 : 201 };
    });
    expect(await at.repository('push').putBlob(bigSource, { probe: true })).toBe('written');
    expect(at.server.lines.slice(1).map((line) => line.split('?')[0])).toEqual([head, 'PUT /up']);
  });

  it.each([400, 404, 405])(
    'a registry that refuses mounts with %i is asked by HEAD',
    async (status) => {
      const there = new Set<string>();
      await using at = await startRegistry((request) => {
        if (request.path.includes('mount=')) return { status };
        if (request.method === 'HEAD') return { status: there.has(digest) ? 200 : 404 };
        return request.method === 'POST' ? opened('/up') : { status: 201 };
      });
      expect(await at.repository('push').putBlob(source, { probe: true })).toBe('written');
      there.add(digest);
      expect(await at.repository('push').putBlob(source, { probe: true })).toBe('present');
      expect(at.server.lines.map((line) => line.split(' ')[0])).toEqual([
        'POST',
        'HEAD',
        'POST',
        'PUT',
        'POST',
        'HEAD',
      ]);
    },
  );

  it.each([
    ['can be read', 206, 'present', ['GET']],
    ['is empty', 416, 'present', ['GET']],
    ['is said to be there but cannot be read', 404, 'written', ['GET', 'POST', 'PUT']],
  ])('in doubt is asked for itself: one that %s', async (_name, status, outcome, methods) => {
    await using at = await startRegistry(({ method, headers }) => {
      if (method === 'GET') {
        expect(headers.range).toBe('bytes=0-0');
        return { status, body: 'x' };
      }
      // HEAD and a mount would both say that it is there.
      if (method === 'HEAD') return { status: 200 };
      return method === 'POST' ? { status: 202, headers: { location: '/up' } } : { status: 201 };
    });
    const put = at.repository('push').putBlob(source, { probe: true, verifyPresence: true });
    expect(await put).toBe(outcome);
    expect(at.server.lines.map((line) => line.split(' ')[0])).toEqual(methods);
    expect(at.server.lines.join('')).not.toContain('mount');
  });

  it('in doubt is sent when a mount gave what cannot be read', async () => {
    await using at = await startRegistry(({ method, path }) => {
      if (method === 'GET') return { status: 404 };
      if (path.includes('mount=')) return MOUNTED;
      return method === 'POST' ? { status: 202, headers: { location: '/up' } } : { status: 201 };
    });
    const options = { probe: true, verifyPresence: true, mountFrom: ['c/d'] };
    expect(await at.repository('push').putBlob(source, options)).toBe('written');
  });

  it('is looked for in the repository when no neighbour gives it', async () => {
    await using at = await startRegistry((request) => ({
      status: request.method === 'HEAD' ? 200 : 404,
    }));
    const put = at.repository('push').putBlob(source, { probe: true, mountFrom: ['c/d'] });
    expect(await put).toBe('present');
    expect(at.server.lines).toHaveLength(2);
  });
});
