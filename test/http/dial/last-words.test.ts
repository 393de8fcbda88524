import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bodyText, testClient } from '../setup.ts';

const WORDS = 'client intended to send too large body';
const ANSWER = `HTTP/1.1 413 Request Entity Too Large\r\nconnection: close\r\ncontent-length: ${WORDS.length}\r\n\r\n${WORDS}`;
const SIZE = 32 << 20;

/** Answers the headers, reads nothing of the body, and is gone. */
async function refusing(): Promise<{ origin: string; [Symbol.asyncDispose](): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write(ANSWER, () => socket.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
  it.each([
    ['large', true],
    ['api', false],
  ])('is read before the broken connection is reported (%s)', async (_lane, large) => {
    await using server = await refusing();
    await using client = testClient({ retryTimes: 0 });
    const response = await client.request({
      method: 'PUT',
      url: new URL('/up', server.origin),
      body: { length: SIZE, open: zeros },
      large,
      idempotent: false,
    });
    expect([response.status, await bodyText(response)]).toEqual([413, WORDS]);
  });
});
