import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { sourceFromStore } from '../../src/store/verify.ts';
import { quickWire } from '../faults/lab.ts';

/** Beyond what 32 bits count, and what one Buffer holds on some machines. */
const SIZE = 2 ** 31 + 65_536;
const CUT = 2 ** 31 + 1000;
const ZEROS = Buffer.alloc(1024 * 1024);
const BLOB = {
  mediaType: 'application/octet-stream',
  digest: 'sha256:6f400f1ca55edb280824a50645e7034b5718eb7a4593e35a341ff20332d35d5f' as Digest,
  size: SIZE,
};

/** Gives SIZE zeros, from any offset; the first answer ends behind CUT bytes. */
function give(request: IncomingMessage, response: ServerResponse, ranges: string[]): void {
  const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
  ranges.push(request.headers.range ?? '');
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': SIZE - from,
    ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${SIZE - 1}/${SIZE}` }),
  });
  let left = (from === 0 ? CUT : SIZE) - from;
  const more = (): void => {
    while (left > 0) {
      const chunk = ZEROS.subarray(0, Math.min(left, ZEROS.byteLength));
      left -= chunk.byteLength;
      if (!response.write(chunk) && left > 0) return void response.once('drain', more);
    }
    if (from > 0) response.end();
    else response.write('', () => response.socket?.destroySoon());
  };
  more();
}

interface Session {
  taken: number;
  readonly ranges: string[];
}

/** Takes an upload; the first PUT breaks off behind CUT bytes, and the session is kept. */
function take(request: IncomingMessage, response: ServerResponse, session: Session): void {
  const location = '/v2/b/blobs/uploads/1';
  if (request.method === 'POST') {
    request.resume();
    return void response.writeHead(202, { location }).end();
  }
  if (request.method === 'HEAD') {
    return void response.writeHead(200, { 'content-length': session.taken }).end();
  }
  if (request.method === 'GET') {
    const range = `0-${session.taken - 1}`;
    return void response.writeHead(204, { location, range }).end();
  }
  const first = session.ranges.length === 0;
  session.ranges.push(request.headers['content-range'] ?? '');
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    const room = first ? CUT - session.taken : Infinity;
    session.taken += Math.min(room, chunk.byteLength);
    if (first && session.taken === CUT) request.socket.destroy();
  });
  request.on('end', () => response.writeHead(201).end());
}

it('a blob of more than 2 GiB arrives whole, cut beyond that on both sides', async () => {
  const given: string[] = [];
  const session: Session = { taken: 0, ranges: [] };
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v2/a/') === true) give(request, response, given);
    else take(request, response, session);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using wire = quickWire();
  const source = sourceFromStore(wire.store(host, 'a'), BLOB);
  const outcome = await wire.repository(host, 'b').putBlob(source);
  expect(outcome).toBe('written');
  expect(session.taken).toBe(SIZE);
  expect(session.ranges).toEqual(['', `${CUT}-${SIZE - 1}`]);
  expect(given[0]).toBe('');
  // Cut once by the source, and read again for the rest of the upload.
  expect(
    given.slice(1).every((range) => Number(/\d+/u.exec(range)?.[0]) > 2 ** 31 - 64 * 2 ** 20),
  ).toBe(true);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
});
