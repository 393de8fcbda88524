import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { parseWarning } from '../../../src/http/warnings.ts';
import { bytesOf, type Bytes } from '../../../src/util/bytes.ts';
import { makeCertificates, type Certificates } from '../../helpers/certificates.ts';
import { startScriptedServer, type ScriptedServer } from '../../helpers/scripted-server.ts';
import {
  BASIC,
  bodyText,
  chainOf,
  clientOn,
  policies,
  rootsOf,
  testClient as anyClient,
  TRANSFER_CLASSES,
} from '../setup.ts';

const get = (server: { origin: string }): { method: string; url: URL } => ({
  method: 'GET',
  url: new URL('/v2/', server.origin),
});

/** A clock that goes on by so much each time it is looked at. */
function ticking(ms: number): () => number {
  let at = 0;
  return () => (at += ms);
}

/** Says `head` to every request, and then a little more every few milliseconds, without end. */
async function startDripServer(
  head: string,
  drop: () => string,
): Promise<{ readonly origin: string; readonly dripping: () => number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let timer: NodeJS.Timeout | undefined;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
    socket.on('data', () => {
      sockets.add(socket);
      clearInterval(timer);
      socket.write(head);
      timer = setInterval(() => socket.write(drop()), 3);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    dripping: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Takes every body, whether it ends or not. */
async function startSink(): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server = createHttpServer((request, response) => {
    request.on('error', () => undefined);
    request.resume().on('end', () => response.writeHead(201).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

describe.each(TRANSFER_CLASSES)('send (%s)', (lane) => {
  const testClient = clientOn(lane);
  it('asks for identity encoding and sends its own name, whatever the configuration says', async () => {
    await using server = await startScriptedServer(() => ({ status: 200 }));
    const headers = { 'Accept-Encoding': 'gzip', Host: 'evil', 'X-Meta-A': '1' };
    await using client = testClient({ policies: policies({ [server.host]: { headers } }) });
    await client.request({ ...get(server), auth: { registry: server.host, scopes: [] } });
    expect(server.requests[0]?.headers).toMatchObject({
      'accept-encoding': 'identity',
      'user-agent': 'regctl/test',
      'x-meta-a': '1',
      host: server.host,
    });
  });

  it('keeps header lines apart and gives the bytes as they are', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: { 'content-encoding': 'gzip', 'x-a': ['1', '2, 3'] },
      body: 'not gzip',
    }));
    await using client = testClient();
    const response = await client.request(get(server));
    expect(response.headers.all('X-A')).toEqual(['1', '2, 3']);
    expect(response.headers.get('x-none')).toBeUndefined();
    expect(await bodyText(response)).toBe('not gzip');
    await response.discard();
    await response.discard();
  });

  it('sends the next request over the connection of an answer without content', async () => {
    const ports = new Set<number | undefined>();
    await using server = await startScriptedServer(() => (request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(202, { 'content-length': '0' }).end();
    });
    await using client = testClient();
    const content = Buffer.from('content');
    const body = { length: content.byteLength, open: async () => bytesOf(content) };
    for (const method of ['HEAD', 'POST', 'HEAD', 'PUT', 'POST', 'PUT', 'HEAD'])
      await client.request({ ...get(server), method, ...(method === 'PUT' ? { body } : {}) });
    expect(ports.size).toBe(1);
  });

  it('reuses connections, after HEAD and after a discarded body too', async () => {
    const ports = new Set<number | undefined>();
    await using server = await startScriptedServer(() => (request, response) => {
      ports.add(request.socket.remotePort);
      response
        .writeHead(200, { 'content-length': '5' })
        .end(request.method === 'HEAD' ? '' : 'hello');
    });
    await using client = testClient();
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET', 'HEAD']) {
      await (await client.request({ ...get(server), method })).discard();
    }
    // HEAD, of which no answer is large, does not use the sockets for large answers.
    expect(ports.size).toBe(lane === 'bulk' ? 2 : 1);
  });

  it('calls a cut body an error', async () => {
    await using server = await startScriptedServer(() => (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    });
    await using client = testClient();
    const response = await client.request(get(server));
    await expect(bodyText(response)).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it('times out on headers and on a stalled body', async () => {
    await using silent = await startScriptedServer(() => () => undefined);
    await using stalled = await startScriptedServer(() => (_request, response) => {
      response.writeHead(200).write('first');
    });
    await using hasty = testClient({ timeouts: { headersMs: 50 } });
    await using client = testClient({ timeouts: { idleMs: 50 } });
    await expect(hasty.request(get(silent))).rejects.toMatchObject({ code: 'TIMEOUT' });
    const body = { length: 1, open: () => chunks('x') };
    await expect(hasty.request({ ...get(silent), method: 'PUT', body })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    const response = await client.request(get(stalled));
    await expect(bodyText(response)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it.each([
    ['to the headers', false],
    ['to the first byte', true],
  ])('gives a blob longer %s, which a proxy may scan first', async (_name, early) => {
    await using server = await startScriptedServer(() => (_request, response) => {
      if (early) response.writeHead(200, { 'content-length': '4' }).flushHeaders();
      setTimeout(() => response.end('blob'), 300);
    });
    const timeouts = { headersMs: 50, idleMs: 50, firstByteMs: 30_000 };
    for (const large of [true, false]) {
      await using client = testClient({ timeouts });
      const blob = { ...get(server), blob: true, large };
      expect(await bodyText(await client.request(blob))).toBe('blob');
      const other = client.request({ ...get(server), large }).then(bodyText);
      await expect(other).rejects.toMatchObject({ code: 'TIMEOUT' });
    }
  });

  it('does not take the wait for the first byte of a blob for a slow transfer', async () => {
    await using server = await startScriptedServer(() => ({ status: 200, body: 'small' }));
    await using client = testClient({ now: ticking(75_000) });
    expect(await bodyText(await client.request({ ...get(server), blob: true }))).toBe('small');
  });

  it.each([
    ['one of a megabyte', () => `x-a: ${'x'.repeat(1024 * 1024)}\r\n`],
    ['very many', () => Array.from({ length: 20_000 }, (_, i) => `x-${i}: 1\r\n`).join('')],
  ])('refuses headers that are too large, and does not ask again: %s', async (_name, headers) => {
    const answer = `HTTP/1.1 200 OK\r\n${headers()}\r\n`;
    await using server = await startDripServer(answer, () => '');
    await using client = testClient({ retryTimes: 3 });
    await expect(client.request(get(server))).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('sent headers that are too large') as string,
    });
    expect(client.retried).toEqual([]);
  });

  it('bounds the time of headers that never end', async () => {
    await using server = await startDripServer('HTTP/1.1 200 OK\r\n', () => 'x-a: 1\r\n');
    await using client = testClient({ timeouts: { headersMs: 200 } });
    await expect(client.request(get(server))).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it.each([
    ['a large body', 10_000_000],
    ['a small one', 60],
  ])('lets go of %s that drips, and says what to do', async (_name, length) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`;
    await using server = await startDripServer(head, () => 'x');
    await using client = testClient({ now: ticking(5000), retryTimes: 2 });
    const response = await client.request(get(server));
    await expect(bodyText(response)).rejects.toMatchObject({
      code: 'TIMEOUT',
      hint: expect.stringContaining('--min-speed') as string,
    });
    await expect(client.request({ ...get(server), bufferBody: true })).rejects.toMatchObject({
      code: 'TIMEOUT',
      why: ['3 tries'],
    });
    await expect.poll(server.dripping).toBe(0);
  });

  it('takes a slow body that is faster than the limit, or has none', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n';
    await using server = await startDripServer(head, () => 'x');
    for (const minSpeed of [0, 0.001]) {
      await using client = testClient({ now: ticking(5000), timeouts: { minSpeed } });
      expect(await bodyText(await client.request(get(server)))).toHaveLength(40);
    }
    await using link = await startScriptedServer(() => (_request, response) => {
      response.writeHead(200).end(Buffer.alloc(100 * 1024));
    });
    // 64 KiB at most come at once, and seem to take half a minute: 2 KB a second.
    await using client = testClient({ now: ticking(32_000) });
    expect(await bodyText(await client.request(get(link)))).toHaveLength(100 * 1024);
  });

  it('gives up on a server that takes next to nothing of an upload', async () => {
    await using server = await startSink();
    const length = 256 * 1024;
    const open = (): Bytes => chunks('x'.repeat(length));
    const put = { ...get(server), method: 'PUT', body: { length, open } };
    await using client = testClient({ now: ticking(30_000) });
    await expect(client.request(put)).rejects.toMatchObject({
      code: 'TIMEOUT',
      hint: expect.stringContaining('--min-speed') as string,
    });
    await using patient = testClient({ now: ticking(30_000), timeouts: { minSpeed: 0 } });
    expect((await patient.request(put)).status).toBe(201);
    // 16 KiB in eight seconds, then less at a time: 2 KB a second.
    await using steady = testClient({ now: ticking(500) });
    expect((await steady.request(put)).status).toBe(201);
  });

  it('reads an early answer and stops sending', async () => {
    let produced = 0;
    let closed = false;
    async function* endless(): Bytes {
      try {
        for (; produced < 1000; produced += 1) yield new Uint8Array(64 * 1024);
      } finally {
        closed = true;
      }
    }
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => {
        socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\n\r\ntoo large');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using client = testClient();
    const response = await client.request({
      method: 'PUT',
      url: new URL(`http://127.0.0.1:${port}/`),
      body: { length: 1000 * 64 * 1024, open: endless },
    });
    expect(response.status).toBe(413);
    expect(await bodyText(response)).toBe('too large');
    expect(produced).toBeLessThan(1000);
    await expect.poll(() => closed).toBe(true);
    await client.close();
    server.close();
  });

  it('passes on what the source throws, and does not take it for the connection', async () => {
    await using server = await startScriptedServer(() => ({ status: 500 }));
    await using client = testClient({ retryTimes: 3 });
    const failure = new AppError('DIGEST_MISMATCH', 'wrong bytes');
    async function* broken(): Bytes {
      yield new Uint8Array(1);
      await Promise.resolve();
      throw failure;
    }
    const request = { ...get(server), method: 'PUT', body: { length: 2, open: broken } };
    await expect(client.request(request)).rejects.toBe(failure);
    expect(client.retried).toEqual([]);
  });

  it.each([
    ['shorter', 5],
    ['longer', 1],
  ])('refuses a source that is %s than it says', async (_name, length) => {
    await using server = await startScriptedServer(() => ({ status: 201 }));
    await using client = testClient();
    const body = { length, open: () => chunks('abc') };
    await expect(client.request({ ...get(server), method: 'PUT', body })).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('ends with the reason of the signal', async () => {
    await using server = await startScriptedServer(() => () => undefined);
    await using client = testClient();
    const reason = new Error('stop');
    const controller = new AbortController();
    const pending = client.request({ ...get(server), signal: controller.signal });
    await expect.poll(() => server.lines.length).toBe(1);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    const aborted = { ...get(server), signal: AbortSignal.abort(reason) };
    await expect(client.request(aborted)).rejects.toBe(reason);
  });

  it('ends with a signal that came while the client of its lane was loaded', async () => {
    await using server = await startScriptedServer(() => () => undefined);
    const reason = new Error('stop');
    const controller = new AbortController();
    // Asked for last before a lane is.
    const proxies = (): { proxy: undefined; reason: string } => {
      controller.abort(reason);
      return { proxy: undefined, reason: 'none' };
    };
    await using client = testClient({ proxies });
    const pending = client.request({ ...get(server), signal: controller.signal });
    await expect(pending).rejects.toBe(reason);
    expect(server.lines).toEqual([]);
  });

  it('refuses headers that break lines', async () => {
    await using server = await startScriptedServer(() => ({ status: 200 }));
    await using client = testClient();
    const request = { ...get(server), headers: { 'content-type': 'a\r\nx-evil: 1' } };
    await expect(client.request(request)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(server.lines).toEqual([]);
  });
});

async function* chunks(...parts: readonly string[]): Bytes {
  for (const part of parts) yield new TextEncoder().encode(part);
}

describe.each(TRANSFER_CLASSES)('TLS (%s)', (lane) => {
  const testClient = clientOn(lane);
  let certificates: Certificates;
  let server: ScriptedServer;
  beforeAll(async () => {
    certificates = await makeCertificates();
    server = await startScriptedServer(() => ({ status: 200, body: 'secure' }), {
      tls: certificates,
    });
  });
  afterAll(async () => {
    await server.close();
    await certificates[Symbol.asyncDispose]();
  });
  const secure = (change: object): ReturnType<typeof policies> =>
    policies({ [server.host]: { scheme: 'https', ...change } });

  it('refuses an unknown authority and names the two cures', async () => {
    await using client = testClient({ policies: secure({}), retryTimes: 3 });
    await expect(client.request(get(server))).rejects.toMatchObject({
      code: 'TLS',
      hint: expect.stringMatching(/--cert-dir.*--tls-verify=false/u) as string,
    });
    expect(client.retried).toEqual([]);
  });

  it('trusts a CA of the host policy, of the system, or nobody when told so', async () => {
    for (const options of [
      { policies: secure({ ca: [certificates.ca] }) },
      { policies: secure({ verifyTls: false }) },
      { policies: secure({}), roots: rootsOf(certificates.ca) },
    ]) {
      await using client = testClient(options);
      expect(await bodyText(await client.request(get(server)))).toBe('secure');
    }
  });

  it('verifies other hosts although one is exempt', async () => {
    await using client = testClient({ policies: secure({ verifyTls: false }) });
    await client.request(get(server));
    const other = { origin: server.origin.replace('127.0.0.1', 'localhost') };
    await expect(client.request(get(other))).rejects.toMatchObject({ code: 'TLS' });
  });

  it('verifies the realm although the registry is exempt (CVE-2019-10214)', async () => {
    await using registry = await startScriptedServer(
      () => ({
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="${server.origin}/token"` },
      }),
      { tls: certificates },
    );
    const before = server.lines.length;
    await using client = testClient({
      credentials: chainOf(BASIC),
      policies: policies({ [registry.host]: { scheme: 'https', verifyTls: false } }),
    });
    const auth = { registry: registry.host, scopes: [] };
    await expect(client.request({ ...get(registry), auth })).rejects.toMatchObject({ code: 'TLS' });
    expect(server.lines).toHaveLength(before);
  });

  it('says so when the name does not match', async () => {
    await using client = testClient({
      policies: (host) => policies({ [host]: { scheme: 'https', ca: [certificates.ca] } })(host),
      lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    const url = new URL(`https://other.example:${server.port}/`);
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'TLS',
      message: expect.stringContaining('another host name') as string,
    });
  });

  it('points at --plain-http where no TLS is spoken', async () => {
    await using plain = await startScriptedServer(() => ({ status: 200 }));
    await using client = testClient();
    const url = new URL(plain.origin.replace('http:', 'https:'));
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'TLS',
      hint: expect.stringContaining('--plain-http') as string,
    });
  });

  it('probes once whether a host speaks TLS', async () => {
    await using plain = await startScriptedServer(() => ({ status: 200 }));
    await using client = testClient({
      policies: (host) => policies({ [host]: { scheme: 'probe' } })(host),
    });
    expect((await client.endpoint(server.host)).href).toBe(`https://${server.host}/`);
    expect((await client.endpoint(plain.host)).href).toBe(`http://${plain.host}/`);
    expect(await client.endpoint(plain.host)).toBe(await client.endpoint(plain.host));
    expect(client.stats.requests).toBe(0);
  });

  it('takes neither silence nor a closed port for plain HTTP', async () => {
    const silent = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await using client = testClient({
      policies: (name) => policies({ [name]: { scheme: 'probe' } })(name),
      timeouts: { connectMs: 50 },
    });
    await expect(client.endpoint(host)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await new Promise((resolve) => silent.close(resolve));
    await expect(client.endpoint(host)).rejects.toMatchObject({
      code: 'NETWORK',
      message: `cannot reach ${host}: connection refused`,
    });
  });

  it('knows where Docker Hub answers', async () => {
    await using client = testClient({
      policies: (host) => policies({ [host]: { scheme: 'https' } })(host),
    });
    expect((await client.endpoint('docker.io')).href).toBe('https://registry-1.docker.io/');
  });
});

describe('warnings', () => {
  it.each([
    ['299 - "old"', 'old'],
    [String.raw`299 - "a \"quoted\" \\ word"`, String.raw`a "quoted" \ word`],
    ['299 - ""', undefined],
    ['199 - "x"', undefined],
    ['299 host "x"', undefined],
    ['299 - "x" "Mon, 01 Jan 2024 00:00:00 GMT"', undefined],
    ['299 - "x', undefined],
    [String.raw`299 - "x\"`, undefined],
    [`299 - "${'x'.repeat(5000)}"`, undefined],
  ])('%s', (line, expected) => {
    expect(parseWarning(line)).toBe(expected);
  });

  it('are shown once, without control characters', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: { warning: ['299 - "going \u009baway"', '299 - "second"'] },
    }));
    await using client = anyClient();
    await client.request(get(server));
    await client.request(get(server));
    expect(client.warned).toEqual([
      String.raw`${server.host}: going \x9baway`,
      `${server.host}: second`,
    ]);
  });
});
