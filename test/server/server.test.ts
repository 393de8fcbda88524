import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import type { RequestEntry } from '../../src/server/api/dispatch.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { RegistryServer, RegistryServerOptions } from '../../src/server/server.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import {
  codeOf,
  ended,
  imageManifest,
  pushBlob,
  putManifest,
  startServer,
  type Send,
} from './client.ts';
import { eventually } from '../helpers/until.ts';

function servedCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

const servers: RegistryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Partial<RegistryServerOptions> = {}): Promise<Send> {
  const { server, send } = await startServer(options);
  servers.push(server);
  return send;
}

const blob = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const config = Buffer.from('{}');

describe('GET of a blob', () => {
  it.each([
    ['bytes=0-9', 206, 'bytes 0-9/256', blob.subarray(0, 10)],
    ['bytes=250-', 206, 'bytes 250-255/256', blob.subarray(250)],
    ['bytes=-6', 206, 'bytes 250-255/256', blob.subarray(250)],
    ['bytes=-999', 206, 'bytes 0-255/256', blob],
    ['bytes=255-9999', 206, 'bytes 255-255/256', blob.subarray(255)],
    ['bytes=256-', 416, 'bytes */256', undefined],
    ['bytes=9-0', 416, 'bytes */256', undefined],
    ['bytes=-0', 416, 'bytes */256', undefined],
    ['bytes=0-1,5-6', 200, undefined, blob],
    ['lines=0-1', 200, undefined, blob],
    ['bytes=-', 200, undefined, blob],
  ])('with Range %s gives %i', async (range, status, contentRange, body) => {
    const send = await start();
    const digest = await pushBlob(send, 'r', blob);
    const answer = await send('GET', `/v2/r/blobs/${digest}`, { headers: { range } });
    expect([answer.status, answer.headers['content-range']]).toEqual([status, contentRange]);
    expect(codeOf(answer)).toBe(status === 416 ? 'RANGE_INVALID' : undefined);
    expect(body === undefined || answer.body.equals(body)).toBe(true);
  });

  it('gives the whole blob when If-Range names other content', async () => {
    const send = await start();
    const digest = await pushBlob(send, 'r', blob);
    const headers = { range: 'bytes=0-1', 'if-range': '"something else"' };
    expect((await send('GET', `/v2/r/blobs/${digest}`, { headers })).status).toBe(200);
  });

  it('refuses a range of an empty blob', async () => {
    const send = await start();
    const digest = await pushBlob(send, 'r', new Uint8Array());
    const answer = await send('GET', `/v2/r/blobs/${digest}`, { headers: { range: 'bytes=0-0' } });
    expect(answer.status).toBe(416);
  });
});

describe('lists', () => {
  it('page through tags in code-unit order', async () => {
    const send = await start();
    await pushBlob(send, 'app', config);
    for (const tag of ['b', 'B', '10', '9', '_']) {
      await putManifest(send, 'app', tag, imageManifest(config));
    }
    const all = await send('GET', '/v2/app/tags/list');
    expect(all.json).toEqual({ name: 'app', tags: ['10', '9', 'B', '_', 'b'] });
    expect(all.headers['link']).toBeUndefined();
    const first = await send('GET', '/v2/app/tags/list?n=2');
    expect(first.json).toEqual({ name: 'app', tags: ['10', '9'] });
    expect(first.headers['link']).toBe('</v2/app/tags/list?n=2&last=9>; rel="next"');
    const rest = await send('GET', '/v2/app/tags/list?n=3&last=9');
    expect(rest.json).toEqual({ name: 'app', tags: ['B', '_', 'b'] });
    expect(rest.headers['link']).toBeUndefined();
    expect((await send('GET', '/v2/app/tags/list?last=zzz')).json).toMatchObject({ tags: [] });
  });

  it('clamp n, know n=0, and refuse what is no number', async () => {
    const send = await start();
    await pushBlob(send, 'app', config);
    const huge = await send('GET', '/v2/_catalog?n=999999999999999');
    expect(huge.json).toEqual({ repositories: ['app'] });
    const none = await send('GET', '/v2/_catalog?n=0');
    expect([none.json, none.headers['link']]).toEqual([{ repositories: [] }, undefined]);
    for (const n of ['-1', 'ten', '1e3', '9999999999999999999']) {
      const answer = await send('GET', `/v2/_catalog?n=${n}`);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'PAGINATION_NUMBER_INVALID']);
    }
  });

  it('give at most 1000 names, with a link to the rest', async () => {
    const storage = createMemoryStorage();
    const send = await start({ storage });
    await pushBlob(send, 'app', config);
    const tags = Array.from({ length: 1001 }, (_, i) => `t${String(i).padStart(4, '0')}`);
    for (const tag of tags) await putManifest(send, 'app', tag, imageManifest(config));
    const page = await send('GET', '/v2/app/tags/list?n=5000');
    expect((page.json as { tags: string[] }).tags).toHaveLength(1000);
    expect(page.headers['link']).toBe('</v2/app/tags/list?n=1000&last=t0999>; rel="next"');
  });

  it('do not know a repository without content', async () => {
    const send = await start();
    const answer = await send('GET', '/v2/void/tags/list');
    expect([answer.status, codeOf(answer)]).toEqual([404, 'NAME_UNKNOWN']);
  });
});

describe('switches', () => {
  it('turn off every delete at once, but not the cancelling of an upload', async () => {
    const send = await start({ allowDelete: false });
    const digest = await pushBlob(send, 'app', config);
    const image = imageManifest(config);
    await putManifest(send, 'app', 'v1', image);
    for (const path of [
      `/v2/app/blobs/${digest}`,
      '/v2/app/manifests/v1',
      `/v2/app/manifests/${image.digest}`,
    ]) {
      const answer = await send('DELETE', path);
      expect([answer.status, codeOf(answer)]).toEqual([405, 'UNSUPPORTED']);
      expect((await send('HEAD', path)).status).toBe(200);
    }
    const upload = await send('POST', '/v2/app/blobs/uploads/');
    expect((await send('DELETE', upload.headers.location ?? '')).status).toBe(204);
  });

  it('make the registry read-only', async () => {
    const storage = createMemoryStorage();
    const writable = await start({ storage });
    const digest = await pushBlob(writable, 'app', config);
    const send = await start({ storage, readOnly: true });
    expect((await send('GET', `/v2/app/blobs/${digest}`)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/v2/app/blobs/uploads/'],
      ['POST', `/v2/b/blobs/uploads/?mount=${digest}&from=app`],
      ['PUT', '/v2/app/manifests/v1'],
      ['DELETE', `/v2/app/blobs/${digest}`],
    ] as const) {
      const answer = await send(method, path);
      expect([answer.status, codeOf(answer)]).toEqual([405, 'UNSUPPORTED']);
    }
  });
});

const basicAuth = async (user: string, password: string) => user === 'ann' && password === 'p:w ü';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('basic authentication', () => {
  it.each([undefined, basic('ann:wrong'), basic('ann'), 'Basic ???', 'Bearer abc', 'Basic'])(
    'challenges %s on every path',
    async (authorization) => {
      const send = await start({ basicAuth });
      for (const path of ['/v2/', '/v2/a/tags/list', '/', '/v2/%zz']) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await send('GET', path, { headers });
        expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHORIZED']);
        expect(answer.headers['www-authenticate']).toBe('Basic realm="regctl serve"');
      }
    },
  );

  it('lets the right credentials in', async () => {
    const send = await start({ basicAuth });
    const headers = { authorization: basic('ann:p:w ü') };
    expect((await send('GET', '/v2/', { headers })).status).toBe(200);
  });

  it('answers an upload early and keeps the connection usable', async () => {
    const send = await start({ basicAuth });
    const body = Buffer.alloc(2 * 1024 * 1024);
    expect((await send('PUT', '/v2/a/manifests/x', { body })).status).toBe(401);
  });
});

describe('server', () => {
  it('says what it is and what it does not do', async () => {
    const send = await start();
    const ping = await send('GET', '/v2/');
    expect([ping.status, ping.headers['docker-distribution-api-version']]).toEqual([
      200,
      'registry/2.0',
    ]);
    expect((await send('GET', '/')).status).toBe(404);
    const answer = await send('POST', '/v2/a/tags/list');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });

  it('reports every request, and failures of the storage without telling the client', async () => {
    const entries: RequestEntry[] = [];
    const storage = {
      ...createMemoryStorage(),
      repositories: async () => {
        throw new Error('disk /secret/path is on fire');
      },
    };
    const send = await start({
      storage,
      onRequest: (entry) => entries.push(entry),
    });
    const answer = await send('GET', '/v2/_catalog?n=1');
    expect([answer.status, codeOf(answer)]).toEqual([500, 'UNKNOWN']);
    expect(answer.body.toString()).not.toContain('secret');
    expect(entries).toMatchObject([
      {
        method: 'GET',
        url: '/v2/_catalog?n=1',
        status: 500,
        failure: new Error('disk /secret/path is on fire'),
      },
    ]);
  });

  it('cuts a download whose source fails, instead of adding an error to it', async () => {
    const memory = createMemoryStorage();
    const storage = {
      ...memory,
      blobs: {
        ...memory.blobs,
        read: async () =>
          (async function* () {
            yield blob.subarray(0, 8);
            throw new Error('bad sector');
          })(),
      },
    };
    const send = await start({ storage });
    const digest = await pushBlob(send, 'app', blob);
    await expect(send('GET', `/v2/app/blobs/${digest}`)).rejects.toThrow(
      /aborted|socket hang up|ECONNRESET/,
    );
    expect((await send('GET', '/v2/')).status).toBe(200);
  });

  it('closes at once, with connections idle and in mid-upload', async () => {
    const { server, send } = await startServer();
    const upload = await send('POST', '/v2/a/blobs/uploads/');
    const location = upload.headers.location ?? '';
    const sockets = [
      'GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n',
      `PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nabc`,
      '',
    ].map((text) => {
      const socket = connect(Number(server.url.port), server.url.hostname);
      socket.resume();
      socket.write(text);
      return socket;
    });
    const closed = sockets.map(ended);
    await eventually(async () => {
      expect((await send('GET', location)).headers.range).toBe('0-2');
    });
    await server.close();
    await Promise.all(closed);
    await expect(send('GET', '/v2/')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('says which address it cannot have', async () => {
    const { server } = await startServer();
    servers.push(server);
    const port = Number(server.url.port);
    const second = startRegistryServer({ storage: createMemoryStorage(), port });
    await expect(second).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program uses this port`,
    );
    await expect(second).rejects.toBeInstanceOf(AppError);
    // TEST-NET-1 of RFC 5737: no machine has it.
    const foreign = startRegistryServer({ storage: createMemoryStorage(), host: '192.0.2.1' });
    await expect(foreign).rejects.toThrow('it is not an address of this machine');
  });

  it('takes another certificate for the connections to come', async () => {
    await using first = await makeCertificates();
    await using second = await makeCertificates();
    await using server = await startRegistryServer({
      storage: createMemoryStorage(),
      tls: { cert: first.cert, key: first.key },
    });
    const seen = (): Promise<string> => servedCertificate(Number(server.url.port));
    expect(await seen()).toBe(new X509Certificate(first.cert).fingerprint256);
    expect(() => server.useCertificate({ cert: 'x', key: 'y' })).toThrow(AppError);
    expect(await seen()).toBe(new X509Certificate(first.cert).fingerprint256);
    server.useCertificate({ cert: second.cert, key: second.key });
    expect(await seen()).toBe(new X509Certificate(second.cert).fingerprint256);
  });

  it('refuses a key that is none', async () => {
    const tls = { cert: 'x', key: 'y' };
    const starting = startRegistryServer({ storage: createMemoryStorage(), tls });
    await expect(starting).rejects.toMatchObject({ code: 'TLS' });
  });

  it('hashes with the algorithm of the digest', async () => {
    const send = await start();
    const digest = digestOf(blob, 'sha512');
    const path = `/v2/a/blobs/uploads/?digest=${digest}`;
    expect((await send('POST', path, { body: blob })).status).toBe(201);
    expect((await send('POST', path, { body: config })).status).toBe(400);
  });
});
