import { createHash, randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/util/bytes.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { bodyText, testClient } from './setup.ts';

const LARGE = 5 * 1024 * 1024 + 7;

describe('the wire', () => {
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
      await delay(2);
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
    expect(ports.size).toBeLessThanOrEqual(2);
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
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'), 50);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await using client = testClient();
    expect(await bodyText(await client.request({ method: 'GET', url }))).toBe('1');
    await expect.poll(() => open).toBe(0);
    expect(await bodyText(await client.request({ method: 'GET', url }))).toBe('2');
    await client.close();
    server.close();
  });

  it('ends at once when it is aborted while the host is looked up', async () => {
    await using client = testClient({ lookup: () => new Promise(() => undefined) });
    const controller = new AbortController();
    const url = new URL('http://registry.example/');
    const pending = client.request({ method: 'GET', url, signal: controller.signal });
    const reason = new Error('stop');
    setTimeout(() => controller.abort(reason), 20);
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
