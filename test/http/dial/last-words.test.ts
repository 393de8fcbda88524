import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../helpers/certificates.ts';
import { bodyText, policies, testClient } from '../setup.ts';

const WORDS = 'client intended to send too large body';
const ANSWER = `HTTP/1.1 413 Request Entity Too Large\r\nconnection: close\r\ncontent-length: ${WORDS.length}\r\n\r\n${WORDS}`;
const SIZE = 32 << 20;

interface RefusingServer extends AsyncDisposable {
  readonly origin: string;
  readonly host: string;
}

/** Answers the headers, reads nothing of the body, and is gone. */
async function refusing(tls: Certificates | undefined): Promise<RefusingServer> {
  const refuse = (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write(ANSWER, () => socket.destroy());
    });
  };
  const server: Server = tls === undefined ? createServer(refuse) : createTlsServer(tls, refuse);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${host}`,
    host,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function* zeros(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < SIZE; sent += chunk.byteLength) yield chunk;
}

describe('the answer of a server that closed without reading the body', () => {
  let certificates: Certificates;
  beforeAll(async () => void (certificates = await makeCertificates()));
  afterAll(() => certificates[Symbol.asyncDispose]());

  it.each([
    ['large', true, 'HTTP'],
    ['api', false, 'HTTP'],
    ['large', true, 'TLS'],
    ['api', false, 'TLS'],
  ])(
    'is read before the broken connection is reported (%s, %s, %s)',
    async (_lane, large, over) => {
      await using server = await refusing(over === 'TLS' ? certificates : undefined);
      await using client = testClient({
        retryTimes: 0,
        policies: policies({ [server.host]: { ca: [certificates.ca] } }),
      });
      const response = await client.request({
        method: 'PUT',
        url: new URL('/up', server.origin),
        body: { length: SIZE, open: zeros },
        large,
        idempotent: false,
      });
      expect([response.status, await bodyText(response)]).toEqual([413, WORDS]);
    },
  );
});
