import { createServer as createHttp } from 'node:http';
import {
  connect,
  createServer as createTcp,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTls, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answersTls, clientHello } from '../../../src/http/tls/client-hello.ts';
import { makeAuthority, type Authority, type Pair } from '../../helpers/authority.ts';
import { policy, testClient } from '../setup.ts';

let authority: Authority;
let rsa: Pair;
beforeAll(async () => {
  authority = await makeAuthority();
  rsa = authority.selfSigned('a', 'rsa');
});
afterAll(() => authority[Symbol.asyncDispose]());

async function ask(server: Server, name?: string, timeoutMs = 5000): Promise<boolean> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    return await answersTls(socket, name, timeoutMs);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a TLS greeting', () => {
  it.each<[string, () => TlsOptions]>([
    ['TLS 1.3 alone, ECDSA', () => ({ ...authority.selfSigned('a'), minVersion: 'TLSv1.3' })],
    ['TLS 1.2 alone, ECDSA', () => ({ ...authority.selfSigned('a'), maxVersion: 'TLSv1.2' })],
    ['TLS 1.2 alone, RSA', () => ({ ...rsa, maxVersion: 'TLSv1.2' })],
    ['a certificate wanted', () => ({ ...rsa, requestCert: true })],
  ])('is answered in TLS: %s', async (_, options) => {
    const ciphers: string[] = [];
    const server = createTls(options()).on('tlsClientError', ({ message }) => {
      ciphers.push(message);
    });
    expect(await ask(server, 'localhost')).toBe(true);
    expect(ciphers.join()).not.toMatch(/decode|unsupported|shared cipher|version/iu);
  });

  it('is answered with an alert by a server that is too old', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    let refused = '';
    const server = createTls({ ...rsa, ...old });
    server.on('tlsClientError', ({ message }) => {
      refused = message;
    });
    expect(await ask(server)).toBe(true);
    expect(refused).toMatch(/unsupported protocol/u);
  });

  it('is answered in another protocol, or not at all, where there is no TLS', async () => {
    expect(await ask(createHttp((_, response) => response.end()))).toBe(false);
    expect(await ask(createTcp((socket) => socket.end()))).toBe(false);
    expect(await ask(createTcp((socket) => socket.resetAndDestroy()))).toBe(false);
    expect(await ask(createTcp((socket) => socket.end('SSH-2.0-x\r\n')))).toBe(false);
  });

  it('is not waited for without end', async () => {
    await expect(ask(createTcp(), undefined, 20)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('names the host, and no address', () => {
    expect(Buffer.from(clientHello('registry.example')).includes('registry.example')).toBe(true);
    expect(clientHello(undefined)).toHaveLength(clientHello('ab').byteLength - 11);
  });

  it('ends with the client, and says nothing of the host then', async () => {
    let greeted = 0;
    let open = 0;
    const server = createTcp((socket) => {
      open += 1;
      socket.on('error', () => undefined).on('data', () => (greeted += 1));
      socket.on('close', () => (open -= 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using client = testClient({ policies: () => policy({ scheme: 'probe' }) });
    const asked = client.endpoint(host);
    asked.catch(() => undefined);
    await expect.poll(() => greeted).toBe(1);
    await client.close();
    await expect(asked).rejects.toMatchObject({ code: 'NETWORK' });
    await expect.poll(() => open).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });
});
