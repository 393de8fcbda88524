import { createHash, randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../helpers/certificates.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import { bodyText, clientOn, policy } from '../setup.ts';

const MIB = 1024 * 1024;
const client = clientOn('bulk');
const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates[Symbol.asyncDispose]());

async function startServer(
  scheme: string,
  listener: RequestListener,
): Promise<{ readonly url: URL } & AsyncDisposable> {
  const server =
    scheme === 'http' ? createHttpServer(listener) : createHttpsServer(certificates, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

describe.each(['http', 'https'] as const)('large answers (%s)', (scheme) => {
  const open = (): ReturnType<typeof client> =>
    client({ policies: () => policy({ scheme, verifyTls: false }) });

  it('come through the same few buffers, and their last chunk stays as it was', async () => {
    const content = [randomBytes(9 * MIB + 7), randomBytes(9 * MIB + 7)];
    const ports = new Set<number | undefined>();
    let count = 0;
    await using server = await startServer(scheme, (request, response) => {
      ports.add(request.socket.remotePort);
      const body = content[count] ?? Buffer.alloc(0);
      count += 1;
      response.writeHead(200, { 'content-length': body.byteLength }).end(body);
    });
    await using wire = open();
    const memory = new Set<ArrayBufferLike>();
    const lasts: { readonly chunk: Uint8Array; readonly digest: string }[] = [];
    for (const whole of content) {
      const get = { method: 'GET', url: server.url, reuseChunks: true };
      const { body } = await wire.request(get);
      const hash = createHash('sha256');
      let last: Uint8Array = new Uint8Array();
      for await (const chunk of body) {
        hash.update(chunk);
        // The reader is slower than the server at times, and faster at others.
        if (chunk.byteLength % 3 === 0) await wait(2);
        if (last.byteLength > 0) memory.add(last.buffer);
        last = chunk;
      }
      lasts.push({ chunk: last, digest: digest(last) });
      expect(hash.digest('hex')).toBe(digest(whole));
    }
    for (const { chunk, digest: before } of lasts) expect(digest(chunk)).toBe(before);
    expect(memory.size).toBeLessThanOrEqual(4);
    expect(ports.size).toBe(1);
  });

  it('are not read ahead of a reader that stops', async () => {
    const piece = Buffer.alloc(MIB, 1);
    let sent = 0;
    await using server = await startServer(scheme, (_request, response) => {
      response.writeHead(200, { 'content-length': 64 * MIB });
      const next = (): void => {
        sent += 1;
        if (sent < 64) response.write(piece, next);
      };
      response.write(piece, next);
    });
    await using wire = open();
    const { body } = await wire.request({ method: 'GET', url: server.url, reuseChunks: true });
    const reading = body[Symbol.asyncIterator]();
    await reading.next();
    let before = 0;
    // Until the server gets rid of nothing more.
    await expect
      .poll(
        () => {
          const still = sent === before;
          before = sent;
          return still;
        },
        { interval: 100 },
      )
      .toBe(true);
    // What lies in the two sockets, besides the buffers.
    expect(sent).toBeLessThan(32);
    await reading.return?.();
  });
});

describe('an answer that is not plain', () => {
  const chunked: RequestListener = (_request, response) => {
    response.writeHead(200).write('by ');
    response.end('parts');
  };

  it('is asked for again by a complete client, once for each server', async () => {
    await using server = await startScriptedServer(() => chunked);
    await using wire = client();
    for (let i = 0; i < 3; i += 1) {
      const response = await wire.request({ method: 'GET', url: new URL(server.origin) });
      expect(await bodyText(response)).toBe('by parts');
    }
    expect(server.lines).toHaveLength(4);
  });

  it('leaves the connections to other servers as they are', async () => {
    await using odd = await startScriptedServer(() => chunked);
    await using plain = await startScriptedServer(() => ({
      status: 200,
      headers: { 'content-length': '5' },
      body: 'plain',
    }));
    await using wire = client();
    for (const { origin } of [odd, plain, odd, plain])
      await bodyText(await wire.request({ method: 'GET', url: new URL(origin) }));
    expect(odd.lines).toHaveLength(3);
    expect(plain.lines).toHaveLength(2);
  });
});

it.each([
  ['says that it closes the connection', { connection: 'close' }],
  ['keeps it for a second only', { 'keep-alive': 'timeout=1' }],
])('opens another connection to a server that %s', async (_name, headers) => {
  const ports = new Set<number | undefined>();
  await using server = await startServer('http', (request, response) => {
    ports.add(request.socket.remotePort);
    response.writeHead(200, { 'content-length': '2', ...headers }).end('ok');
  });
  await using wire = client();
  for (let i = 0; i < 2; i += 1)
    await bodyText(await wire.request({ method: 'GET', url: server.url }));
  expect(ports.size).toBe(2);
});

it('drops a connection whose answer goes on after its length', async () => {
  let connections = 0;
  await using server = await startServer('http', (request) => {
    connections += 1;
    request.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n');
  });
  await using wire = client();
  for (let i = 0; i < 2; i += 1)
    expect(await bodyText(await wire.request({ method: 'GET', url: server.url }))).toBe('ok');
  expect(connections).toBe(2);
});
