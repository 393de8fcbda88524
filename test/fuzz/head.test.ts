import * as fc from 'fast-check';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { type AnswerHead, formatHead, parseHead } from '../../src/http/sockets/head.ts';
import { fuzzRuns } from './runs.ts';

const RUNS = fuzzRuns(3000);
const BODY = 'hello, world';

/** Answers as servers send them. */
const ANSWERS = [
  `HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: application/octet-stream\r\n\r\n${BODY}`,
  `HTTP/1.1 206 Partial Content\r\nserver: nginx\r\ncontent-range: bytes 1-12/13\r\ncontent-length: 12\r\nconnection: keep-alive\r\nkeep-alive: timeout=5, max=100\r\n\r\n${BODY}`,
  `HTTP/1.1 404 Not Found\r\nDate: Sun, 29 Nov 2026 17:00:00 GMT\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngone`,
  'HTTP/1.1 307 Temporary Redirect\r\nLocation: https://cdn.example/x?a=1&b=%20\r\nContent-Length: 0\r\n\r\n',
  `HTTP/1.1 200 \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nVary:\r\nContent-Length:   12  \r\nX-Latin: caf\u00e9\r\n\r\n${BODY}`,
];

const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\r\n ',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  ',',
  '\0',
  '\u007f',
  '\u00a0',
  '0',
  '1',
  '-1',
  '+',
  '0x',
  '12',
  'close',
  'keep-alive',
  'HTTP/1.0',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n',
  'Content-Length: 12\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Content-Encoding: gzip\r\n',
  'Connection: upgrade\r\n',
  'Upgrade: h2c\r\n',
  'Connection: close\r\n',
  'Keep-Alive: timeout=0\r\n',
  'X-A : b\r\n',
  ' folded\r\n',
];

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
  added: fc.oneof(
    fc.constant(''),
    fc.constantFrom(...PIECES),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
  /** At the start of the nearest line: otherwise few edits leave anything to parse. */
  onLine: fc.boolean(),
});

const answer = fc
  .record({ base: fc.constantFrom(...ANSWERS), edits: fc.array(edit, { maxLength: 4 }) })
  .map(({ base, edits }) => {
    let text = base;
    for (const { at, removed, added, onLine } of edits) {
      const near = Math.floor(at * text.length);
      const place = onLine ? text.indexOf('\n', near) + 1 : near;
      text = text.slice(0, place) + added + text.slice(place + (onLine ? 0 : removed));
    }
    return Buffer.from(text, 'latin1');
  });

interface Understood {
  readonly status: number | undefined;
  readonly rawHeaders: readonly string[];
  readonly keep: boolean;
  readonly body: string;
  /** All of the body came. */
  readonly complete: boolean;
}

/** What Node's client, whose parser is llhttp, makes of the bytes, followed by the end. */
function byNode(data: Buffer): Promise<Understood | Error> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done();
        this.push(data);
        this.push(null);
      },
    });
    const request: ClientRequest = httpRequest({
      createConnection: () => socket,
      headers: { connection: 'keep-alive' },
    });
    request.on('error', resolve);
    request.on('response', (response) => {
      const keep = request.shouldKeepAlive;
      const { statusCode: status, rawHeaders } = response;
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => (body += text));
      response.on('error', () => undefined);
      response.on('close', () =>
        resolve({ status, rawHeaders, keep, body, complete: response.complete }),
      );
    });
    request.end();
  });
}

/** What the lane makes of them. */
function bySockets(data: Buffer, head: AnswerHead): Understood {
  const body = data.subarray(head.bytes, head.bytes + head.length);
  return {
    status: head.status,
    rawHeaders: head.rawHeaders,
    keep: head.keepMs > 0,
    body: body.toString('latin1'),
    complete: body.byteLength === head.length,
  };
}

it(`${RUNS.numRuns} mutated answers mean the same to llhttp if the lane takes them at all`, async () => {
  let taken = 0;
  const same = fc.asyncProperty(answer, async (data) => {
    const head = parseHead(data);
    if (typeof head === 'string') return;
    taken += 1;
    const understood = bySockets(data, head);
    // What follows the body is nobody's: the lane drops the connection.
    const node = await byNode(data.subarray(0, head.bytes + head.length));
    // A hint of less than a second closes the connection, which Node decides elsewhere.
    const keep = head.rawHeaders.some((text) => /^keep-alive$/iu.test(text))
      ? { keep: expect.any(Boolean) as boolean }
      : {};
    expect(node).toEqual({ ...understood, ...keep });
  });
  await fc.assert(same, RUNS);
  // The statement would hold for a parser that takes nothing.
  expect(taken).toBeGreaterThan(RUNS.numRuns / 10);
}, 300_000);

it('a head that is split anywhere is incomplete until its end, and then the same', () => {
  for (const text of ANSWERS) {
    const data = Buffer.from(text, 'latin1');
    const head = parseHead(data);
    if (typeof head === 'string') throw new Error(head);
    for (let end = 0; end < data.byteLength; end += 1) {
      const part = parseHead(data.subarray(0, end));
      expect(part).toEqual(end < head.bytes ? 'incomplete' : head);
    }
  }
});

it.each([
  ['a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n'],
  ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n'],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n'],
  ['a compressed body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\n'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n'],
  ['no content', 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n'],
  ['an old protocol', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['an upgrade', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nUpgrade: h2c\r\n\r\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\n'],
  ['a blank before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n'],
  ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 3\n\r\n\r\n'],
  ['a control character', 'HTTP/1.1 200 OK\r\nX: \u0001\r\nContent-Length: 3\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(16 * 1024)}`],
  ['very many fields', `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n${'a: b\r\n'.repeat(501)}\r\n`],
])('leaves %s to a complete client', (_name, text) => {
  expect(parseHead(Buffer.from(text, 'latin1'))).toBe('other');
});

it('keeps a connection a second less than the server says', () => {
  const keepMs = (fields: string): unknown => {
    const head = parseHead(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`));
    return typeof head === 'string' ? head : head.keepMs;
  };
  expect(keepMs('')).toBe(Infinity);
  expect(keepMs('Keep-Alive: timeout=5, max=9\r\n')).toBe(4000);
  expect(keepMs('Keep-Alive: timeout=1\r\n')).toBe(0);
  expect(keepMs('Connection: Close\r\n')).toBe(0);
  expect(keepMs('Connection: keep-alive, x\r\n')).toBe('other');
});

it('writes no request of which a part could be read as another', () => {
  const headers = { host: 'registry.example', accept: '*/*' };
  expect(formatHead('GET', '/v2/?a=b', headers)).toBe(
    'GET /v2/?a=b HTTP/1.1\r\nhost: registry.example\r\naccept: */*\r\nconnection: keep-alive\r\n\r\n',
  );
  expect(formatHead('GET', '/a b', headers)).toBeUndefined();
  expect(formatHead('GET', '/a\r\n', headers)).toBeUndefined();
  expect(formatHead('GET\r\n', '/', headers)).toBeUndefined();
  expect(formatHead('GET', '/', { ...headers, x: 'a\r\nb: c' })).toBeUndefined();
  expect(formatHead('GET', '/', { ...headers, 'x\n': 'a' })).toBeUndefined();
  expect(formatHead('GET', '/', { ...headers, x: '\u20ac' })).toBeUndefined();
});
