import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RegistryServer } from '../../../src/server/server.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { createMemoryStorage } from '../../../src/server/storage/memory.ts';
import { tempDir } from '../../helpers/temp.ts';
import {
  codeOf,
  ended,
  imageManifest,
  pushBlob,
  putManifest,
  startServer,
  type Send,
} from '../client.ts';
import { eventually } from '../../helpers/until.ts';

let server: RegistryServer;
let send: Send;
beforeAll(async () => {
  ({ server, send } = await startServer());
});
afterAll(() => server.close());

const data = Buffer.from('0123456789abcdef');
const digest = digestOf(data);

async function open(name: string): Promise<string> {
  const answer = await send('POST', `/v2/${name}/blobs/uploads/`);
  expect(answer.status).toBe(202);
  const location = answer.headers.location ?? '';
  expect(location).toMatch(new RegExp(`^/v2/${name}/blobs/uploads/[0-9a-f-]{36}$`));
  return location;
}

describe('upload in one request', () => {
  it('stores the body of POST ?digest=', async () => {
    const answer = await send('POST', `/v2/one/blobs/uploads/?digest=${digest}`, { body: data });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/v2/one/blobs/${digest}`);
    expect(answer.headers['docker-content-digest']).toBe(digest);
    expect((await send('GET', `/v2/one/blobs/${digest}`)).body).toEqual(data);
  });

  it('refuses a body with another digest', async () => {
    const answer = await send(
      'POST',
      `/v2/one/blobs/uploads/?digest=${digestOf(Buffer.from('x'))}`,
      {
        body: data,
      },
    );
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID']);
  });

  it.each(['memory', 'disk'])('keeps a body of many pieces whole (%s)', async (kind) => {
    await using dir = await tempDir();
    const storage = kind === 'disk' ? createDiskStorage(dir.path) : createMemoryStorage();
    const own = await startServer({ storage });
    // Pieces of 64 KiB, whose memory is freed while the next ones arrive.
    const large = Buffer.alloc(5_000_000, 'large ');
    const stored = await pushBlob(own.send, 'one', large);
    expect((await own.send('GET', `/v2/one/blobs/${stored}`)).body.equals(large)).toBe(true);
    const manifest = imageManifest(large, { annotations: { note: 'n'.repeat(1_000_000) } });
    expect((await putManifest(own.send, 'one', 'v1', manifest)).status).toBe(201);
    const { body } = await own.send('GET', '/v2/one/manifests/v1');
    expect(body.equals(manifest.raw)).toBe(true);
    await own.server.close();
  });

  it('takes an empty blob', async () => {
    const empty = digestOf(new Uint8Array());
    const answer = await send('POST', `/v2/one/blobs/uploads/?digest=${empty}`);
    expect(answer.status).toBe(201);
    const head = await send('HEAD', `/v2/one/blobs/${empty}`);
    expect([head.status, head.headers['content-length']]).toEqual([200, '0']);
  });
});

describe('upload session', () => {
  it('takes a streamed PATCH without Content-Range, then PUT, as docker and skopeo send', async () => {
    const location = await open('stream');
    const patch = await send('PATCH', location, { body: data, chunked: true });
    expect([patch.status, patch.headers.range]).toEqual([202, '0-15']);
    const put = await send('PUT', `${patch.headers.location}?digest=${digest}`);
    expect(put.status).toBe(201);
    expect((await send('GET', `/v2/stream/blobs/${digest}`)).body).toEqual(data);
  });

  it('takes everything in the PUT', async () => {
    const location = await open('put');
    const sha512 = digestOf(data, 'sha512');
    const put = await send('PUT', `${location}?digest=${sha512}`, { body: data });
    expect([put.status, put.headers['docker-content-digest']]).toEqual([201, sha512]);
    expect((await send('GET', `/v2/put/blobs/${sha512}`)).body).toEqual(data);
  });

  it('takes chunks in order, the last one with the PUT', async () => {
    const location = await open('chunks');
    for (const [first, last] of [
      [0, 4],
      [5, 9],
    ] as const) {
      const answer = await send('PATCH', location, {
        headers: { 'content-range': `${first}-${last}` },
        body: data.subarray(first, last + 1),
      });
      expect([answer.status, answer.headers.range]).toEqual([202, `0-${last}`]);
    }
    const put = await send('PUT', `${location}?digest=${digest}`, {
      headers: { 'content-range': '10-15' },
      body: data.subarray(10),
    });
    expect(put.status).toBe(201);
  });

  it.each(['PATCH', 'PUT'])(
    'answers 416 to a %s out of order and keeps the offset',
    async (method) => {
      const location = await open('order');
      await send('PATCH', location, {
        headers: { 'content-range': '0-4' },
        body: data.subarray(0, 5),
      });
      const query = method === 'PUT' ? `?digest=${digest}` : '';
      const answer = await send(method, location + query, {
        headers: { 'content-range': '6-15' },
        body: data.subarray(6),
      });
      expect([answer.status, codeOf(answer)]).toEqual([416, 'RANGE_INVALID']);
      expect([answer.headers.range, answer.headers.location]).toEqual(['0-4', location]);
      const status = await send('GET', location);
      expect([status.status, status.headers.range]).toEqual([204, '0-4']);
    },
  );

  it.each([
    ['fewer bytes than the range', '0-9', data.subarray(0, 5), false, 'SIZE_INVALID'],
    ['more bytes than the range', '0-1', data, false, 'SIZE_INVALID'],
    ['more bytes than the range, chunked', '0-1', data, true, 'SIZE_INVALID'],
    ['fewer bytes than the range, chunked', '0-99', data, true, 'SIZE_INVALID'],
    ['a range that is none', 'bytes */5', data, false, 'RANGE_INVALID'],
    ['a range that runs backwards', '9-0', data, false, 'RANGE_INVALID'],
  ])('refuses %s', async (_what, range, body, chunked, code) => {
    const location = await open('size');
    const sent = { headers: { 'content-range': range }, body, chunked };
    const answer = await send('PATCH', location, sent);
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
  });

  it.each(['', '?digest=', '?digest=sha256:../../etc/passwd', '?digest=md5:00'])(
    'refuses PUT with the query %j and keeps the session',
    async (query) => {
      const location = await open('digest');
      const answer = await send('PUT', location + query, { body: data });
      expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID']);
      expect((await send('GET', location)).status).toBe(204);
    },
  );

  it('can be cancelled, and is then unknown', async () => {
    const location = await open('cancel');
    expect((await send('DELETE', location)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await send(method, location, { body: method === 'PATCH' ? data : '' });
      expect([answer.status, codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    }
  });

  it('belongs to its repository', async () => {
    const location = await open('mine');
    const stolen = location.replace('/mine/', '/yours/');
    expect((await send('GET', stolen)).status).toBe(404);
    expect((await send('PATCH', stolen, { body: data })).status).toBe(404);
  });

  it('keeps what arrived when the client breaks off, and goes on from there', async () => {
    const location = await open('broken');
    const { hostname, port } = server.url;
    const request = httpRequest({ method: 'PATCH', hostname, port, path: location });
    request.on('error', () => {});
    request.write(data.subarray(0, 7));
    await eventually(async () => {
      expect((await send('GET', location)).headers.range).toBe('0-6');
    });
    request.destroy();
    const rest = await send('PATCH', location, {
      headers: { 'content-range': '7-15' },
      body: data.subarray(7),
    });
    expect([rest.status, rest.headers.range]).toEqual([202, '0-15']);
    expect((await send('PUT', `${location}?digest=${digest}`)).status).toBe(201);
  });
});

describe('mount', () => {
  it('links a blob of another repository', async () => {
    await pushBlob(send, 'mount/from', data);
    const path = `/v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`;
    expect((await send('HEAD', `/v2/mount/to/blobs/${digest}`)).status).toBe(404);
    const answer = await send('POST', path);
    expect([answer.status, answer.headers.location]).toEqual([201, `/v2/mount/to/blobs/${digest}`]);
    expect((await send('GET', `/v2/mount/to/blobs/${digest}`)).body).toEqual(data);
  });

  it.each(['', '&from=not/there', '&from=../secret', '&from=UPPER'])(
    'opens a session when %j does not have the blob, wherever else it is',
    async (from) => {
      await pushBlob(send, 'secret', data);
      const answer = await send('POST', `/v2/probe/blobs/uploads/?mount=${digest}${from}`);
      expect(answer.status).toBe(202);
      expect((await send('HEAD', `/v2/probe/blobs/${digest}`)).status).toBe(404);
    },
  );
});

describe('a hostile connection', () => {
  it.each([
    'GET /v2/%E0%A4%A/tags/list HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'GET //[::/v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'GET * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'NOT HTTP AT ALL\r\n\r\n',
    `GET /v2/${'a/'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  ])('is answered with 4xx and does no harm: %#', async (text) => {
    const socket = connect(Number(server.url.port), server.url.hostname);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    const end = ended(socket);
    socket.write(text);
    await end;
    expect(received).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await send('GET', '/v2/')).status).toBe(200);
  });

  it('may vanish in the middle of a download', async () => {
    const large = Buffer.alloc(8 * 1024 * 1024, 7);
    const name = await pushBlob(send, 'large', large);
    const { hostname, port } = server.url;
    const request = httpRequest({ hostname, port, path: `/v2/large/blobs/${name}` });
    request.end();
    const [response] = (await once(request, 'response')) as [{ destroy(): void }];
    response.destroy();
    const again = await send('GET', `/v2/large/blobs/${name}`);
    expect(again.body.equals(large)).toBe(true);
  });
});
