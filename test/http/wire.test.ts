import { createHash, randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect } from '../../src/util/bytes.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import {
  BASIC,
  bodyText,
  chainOf,
  clientOn,
  policy,
  testClient as anyClient,
  TRANSFER_CLASSES,
} from './setup.ts';

const LARGE = 5 * 1024 * 1024 + 7;

describe.each(TRANSFER_CLASSES)('the wire (%s)', (lane) => {
  const testClient = clientOn(lane);
  it('gives a large body byte for byte to a reader that pauses', async () => {
    const content = randomBytes(LARGE);
    await using server = await startScriptedServer(() => ({ status: 200, body: content }));
    await using client = testClient();
    const { body } = await client.request({ method: 'GET', url: new URL(server.origin) });
    const hash = createHash('sha256');
    const kept: Uint8Array[] = [];
    for await (const chunk of body) {
      kept.push(chunk);
      hash.update(chunk);
      await turn();
    }
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    // What was handed out stays as it was while more is read.
    expect(Buffer.concat(kept).equals(content)).toBe(true);
  });

  it('sends a large body byte for byte, and keeps the connection', async () => {
    const content = randomBytes(LARGE);
    const ports = new Set<number | undefined>();
    await using server = await startScriptedServer(() => (request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(201).end();
    });
    await using client = testClient();
    const body = { length: LARGE, open: () => bytesOf(content) };
    for (let i = 0; i < 3; i += 1) {
      const request = { method: 'PUT', url: new URL(server.origin), body };
      await (await client.request(request)).discard();
    }
    expect(server.requests.every((one) => one.body.equals(content))).toBe(true);
    expect(ports.size).toBe(1);
  });

  it('drops a connection on which an answer comes unasked', async () => {
    let connections = 0;
    let open = 0;
    const server = createServer((socket) => {
      connections += 1;
      open += 1;
      const own = connections;
      socket.on('error', () => socket.destroy()).on('close', () => (open -= 1));
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${own}`);
        if (own > 1) return;
        unasked = () => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
      });
    });
    let unasked = (): void => undefined;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await using client = testClient();
    expect(await bodyText(await client.request({ method: 'GET', url }))).toBe('1');
    unasked();
    await expect.poll(() => open).toBe(0);
    expect(await bodyText(await client.request({ method: 'GET', url }))).toBe('2');
    await client.close();
    server.close();
  });

  it('closes every connection when the client is closed', async () => {
    let open = 0;
    const server = createServer((socket) => {
      open += 1;
      socket.on('error', () => socket.destroy()).on('close', () => (open -= 1));
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await using client = testClient();
    const { body } = await client.request({ method: 'GET', url });
    await client.close();
    await expect.poll(() => open).toBe(0);
    await expect(collect(body, 100, () => new Error('too large'))).rejects.toMatchObject({
      code: 'NETWORK',
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('lets a request go whose connection comes after its end', async () => {
    const headers = { 'content-length': '0' };
    await using server = await startScriptedServer(() => ({ status: 200, headers }));
    const url = new URL(server.origin.replace('127.0.0.1', 'registry.example'));
    let answer: (addresses: { address: string; family: 4 }[]) => void = () => undefined;
    const found = new Promise<{ address: string; family: 4 }[]>((resolve) => (answer = resolve));
    const controller = new AbortController();
    const lookup = (): typeof found => {
      setImmediate(() => controller.abort(new Error('stop')));
      return found;
    };
    await using client = testClient({ lookup });
    const pending = client.request({ method: 'GET', url, signal: controller.signal });
    await expect(pending).rejects.toThrow('stop');
    answer([{ address: '127.0.0.1', family: 4 }]);
    const { status } = await client.request({ method: 'GET', url: new URL('second', url) });
    expect(status).toBe(200);
    expect(server.lines).toEqual(['GET /second']);
  });

  it('ends at once when it is aborted while the host is looked up', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const lookup = (): Promise<never> => {
      setImmediate(() => controller.abort(reason));
      return new Promise(() => undefined);
    };
    await using client = testClient({ lookup });
    const url = new URL('http://registry.example/');
    const pending = client.request({ method: 'GET', url, signal: controller.signal });
    await expect(pending).rejects.toBe(reason);
  });

  it('calls an answer that announces less than it sends an end, and the rest nobody’s', async () => {
    await using server = await startScriptedServer(() => (_request, response) => {
      response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n');
    });
    await using client = testClient();
    const response = await client.request({ method: 'GET', url: new URL(server.origin) });
    expect(response.status).toBe(200);
    expect(await bodyText(response)).toBe('ok');
  });
});

describe('connections', () => {
  it.each([
    ['Basic', () => 'Basic realm="r"'],
    ['Bearer', (token: string) => `Bearer realm="${token}/token",service="reg"`],
  ])('one serves a 401 (%s) and the same request with credentials', async (_name, challenge) => {
    const ports = new Set<number | undefined>();
    await using tokens = await startScriptedServer(() => ({
      status: 200,
      body: JSON.stringify({ token: 'opaque', expires_in: 300 }),
    }));
    await using server = await startScriptedServer(({ headers }) => (request, response) => {
      ports.add(request.socket.remotePort);
      if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': challenge(tokens.origin) }).end('{"a":1}');
      } else response.end('in');
    });
    await using client = anyClient({ credentials: chainOf(BASIC) });
    const url = new URL('/v2/a/tags/list', server.origin);
    const auth = { registry: server.host, repository: 'a', scopes: ['repository:a:pull'] };
    const response = await client.request({ method: 'GET', url, auth, bufferBody: true });
    expect(await bodyText(response)).toBe('in');
    expect(server.lines).toHaveLength(2);
    expect(ports.size).toBe(1);
  });
});

describe.each(['plain', 'TLS'])('memory that is used again (%s)', (kind) => {
  it.each([
    [4096, 4000],
    [1024 * 1024, 16],
  ])('reaches a slow server as it was, in chunks of %d bytes', async (size, count) => {
    await using certificates = kind === 'TLS' ? await makeCertificates() : undefined;
    const received = createHash('sha256');
    const listener: RequestListener = (request, response) => {
      setTimeout(() => request.on('data', (chunk: Buffer) => received.update(chunk)), 100);
      request.on('end', () => response.writeHead(201).end());
    };
    const server =
      certificates === undefined
        ? createHttpServer(listener)
        : createHttpsServer(certificates, listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const scheme = certificates === undefined ? 'http' : 'https';
    await using client = clientOn('bulk')({
      policies: () => policy({ scheme, verifyTls: false }),
    });
    const content = randomBytes(size * count);
    const memory = Buffer.alloc(size);
    const body = {
      length: content.byteLength,
      async *open() {
        for (let at = 0; at < content.byteLength; at += size) {
          content.copy(memory, 0, at);
          yield memory;
        }
      },
    };
    try {
      const url = new URL(`${scheme}://127.0.0.1:${port}`);
      await (await client.request({ method: 'PUT', url, body })).discard();
    } finally {
      server.close();
    }
    expect(received.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  });
});
