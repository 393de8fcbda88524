import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseRawHeaders, retryAfterMs } from '../../../src/http/headers.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { startScriptedServer, type Scripted } from '../../helpers/scripted-server.ts';
import { collect } from '../../../src/util/bytes.ts';
import { bodyText, START, testClient } from '../setup.ts';

const status = (code: number, headers: Record<string, string> = {}, body = ''): Scripted => ({
  status: code,
  headers,
  body,
});
const reset: Scripted = (_request, response) => response.destroy();

/** Answers from a list; the last one stays. */
function scripted(
  ...replies: readonly Scripted[]
): Promise<Awaited<ReturnType<typeof startScriptedServer>>> {
  return startScriptedServer((_request, count) => replies[Math.min(count, replies.length) - 1]);
}

describe('retry', () => {
  it.each([408, 425, 429, 499, 500, 502, 503, 504, 520, 522, 524])(
    'tries again after %i',
    async (code) => {
      await using server = await scripted(status(code), status(200));
      await using client = testClient({ retryTimes: 3 });
      const response = await client.request({ method: 'GET', url: new URL(server.origin) });
      expect(response.status).toBe(200);
      expect(client.retried).toEqual([
        { attempt: 1, delayMs: 125, reason: `HTTP ${code} from ${server.host}` },
      ]);
    },
  );

  it.each([400, 404, 501, 505, 507])('does not try again after %i', async (code) => {
    await using server = await scripted(status(code));
    await using client = testClient({ retryTimes: 3 });
    const response = await client.request({ method: 'GET', url: new URL(server.origin) });
    expect([response.status, server.lines.length]).toEqual([code, 1]);
  });

  it('doubles the back-off up to 30 s and returns the last 5xx', async () => {
    await using server = await scripted(status(500));
    await using client = testClient({ retryTimes: 9 });
    const response = await client.request({ method: 'GET', url: new URL(server.origin) });
    expect([response.status, server.lines.length]).toEqual([500, 10]);
    expect(client.sleeps).toEqual([125, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  it('opens the body anew after a reset, but never repeats a PATCH', async () => {
    await using server = await scripted(reset, status(201));
    await using client = testClient({ retryTimes: 3 });
    const data = new TextEncoder().encode('x');
    const body = { length: 1, open: () => bytesOf(data) };
    const url = new URL(server.origin);
    expect((await client.request({ method: 'PUT', url, body })).status).toBe(201);
    expect(server.requests.map((one) => one.body.toString())).toEqual(['x', 'x']);

    await using other = await scripted(reset, status(201));
    const patch = { method: 'PATCH', url: new URL(other.origin), body };
    await expect(client.request(patch)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(other.lines).toHaveLength(1);
  });

  it('tries a refused connection twice more and a missing host not at all', async () => {
    const closed = await scripted();
    await closed.close();
    await using client = testClient({ retryTimes: 5 });
    await expect(
      client.request({ method: 'GET', url: new URL(closed.origin) }),
    ).rejects.toMatchObject({
      code: 'NETWORK',
      message: `cannot reach ${closed.host}: connection refused`,
      why: ['3 tries'],
    });
    expect(client.retried).toHaveLength(2);

    const missing = Object.assign(new Error('x'), { code: 'ENOTFOUND' });
    await using lost = testClient({ retryTimes: 5, lookup: () => Promise.reject(missing) });
    await expect(
      lost.request({ method: 'GET', url: new URL('http://no.example/') }),
    ).rejects.toMatchObject({ message: 'cannot reach no.example: no such host' });
    expect(lost.retried).toHaveLength(0);
  });

  it('tries again when a name cannot be looked up for now', async () => {
    await using server = await scripted(status(200));
    let looked = 0;
    const lookup = async (): Promise<{ address: string; family: number }[]> => {
      looked += 1;
      if (looked < 3) throw Object.assign(new Error('x'), { code: 'EAI_AGAIN' });
      return [{ address: '127.0.0.1', family: 4 }];
    };
    await using client = testClient({ retryTimes: 5, lookup });
    const { port } = new URL(server.origin);
    const url = new URL(`http://flap.example:${port}/`);
    expect((await client.request({ method: 'GET', url })).status).toBe(200);
    expect(client.retried.map(({ reason }) => reason)).toEqual(
      Array(2).fill(
        `cannot reach flap.example:${port}: DNS does not resolve its name at the moment`,
      ) as string[],
    );
  });

  it('does not try again what is no HTTP/1.1, such as the end of an HTTP/2 connection', async () => {
    let asked = 0;
    const server = createServer((socket) => {
      asked += 1;
      socket.on('error', () => undefined);
      // SETTINGS and GOAWAY with ENHANCE_YOUR_CALM (RFC 9113, 6.5 and 6.8).
      const frames = ['000000040000000000', '000008070000000000', '000000000000000b'];
      socket.end(Buffer.from(frames.join(''), 'hex'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await using client = testClient({ retryTimes: 5 });
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('does not answer with valid HTTP') as string,
    });
    expect([asked, client.retried]).toEqual([1, []]);
    server.close();
  });

  it('waits as long as Retry-After says, in seconds or as a date by its own clock, and a little more', async () => {
    // The answer's own Date counts, be it a day off.
    const sent = START - 24 * 60 * 60_000;
    const date = new Date(sent + 90_000).toUTCString();
    await using server = await scripted(
      status(429, { 'retry-after': '7' }),
      status(503, { 'retry-after': date, date: new Date(sent).toUTCString() }),
      status(200),
    );
    await using client = testClient({ retryTimes: 3 });
    await client.request({ method: 'GET', url: new URL(server.origin) });
    expect(client.sleeps).toEqual([7000 + 350, 90_000 + 500]);
  });

  it('gives up at once when the wait is too long, and says until when', async () => {
    await using server = await scripted(
      status(429, { 'retry-after': '3600' }, '{"errors":[{"message":"slow down"}]}'),
    );
    await using client = testClient({ retryTimes: 3 });
    const url = new URL(server.origin);
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      why: ['the registry says "slow down"'],
      hint: expect.stringContaining('2026-01-01T01:00:00.000Z') as string,
    });
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect([client.sleeps, server.lines.length]).toEqual([[], 1]);
  });

  it('waits no longer in all than it may, and tells how often it tried', async () => {
    await using server = await scripted(status(429, { 'retry-after': '40' }));
    await using client = testClient({ retryTimes: 9, maxRetryWaitMs: 100_000 });
    const url = new URL(server.origin);
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      why: ['3 tries'],
      hint: expect.stringContaining('--retry-max-wait') as string,
    });
    expect(client.sleeps).toEqual([40_500, 40_500]);
  });

  it('takes a cut small answer for a failed try, and lets a long one pass', async () => {
    const half: Scripted = (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    };
    const chunked: Scripted = (_request, response) => {
      response.writeHead(200);
      response.write('half', () => response.destroy());
    };
    await using server = await scripted(half, chunked, status(200, {}, 'whole'));
    await using client = testClient({ retryTimes: 3 });
    const url = new URL(server.origin);
    const response = await client.request({ method: 'GET', url, bufferBody: true });
    expect([await bodyText(response), server.lines.length]).toEqual(['whole', 3]);

    const long = Buffer.alloc(5 << 20, 'x');
    await using other = await scripted({ status: 200, body: long });
    const answer = await client.request({
      method: 'GET',
      url: new URL(other.origin),
      bufferBody: true,
    });
    const read = await collect(answer.body, long.length, () => new Error('too long'));
    expect(Buffer.from(read).equals(long)).toBe(true);
  });

  it('tells the tries of a last 5xx', async () => {
    await using server = await scripted(status(503));
    await using client = testClient({ retryTimes: 2 });
    const response = await client.request({ method: 'GET', url: new URL(server.origin) });
    expect([response.status, response.attempts]).toEqual([503, 3]);
  });

  it('is RATE_LIMITED after the last 429', async () => {
    await using server = await scripted(status(429));
    await using client = testClient({ retryTimes: 2 });
    await expect(
      client.request({ method: 'GET', url: new URL(server.origin) }),
    ).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(server.lines).toHaveLength(3);
  });

  it("does not spin on Docker Hub's pull limit", async () => {
    const body =
      '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}';
    await using server = await scripted(status(429, {}, body));
    await using client = testClient({ retryTimes: 5 });
    await expect(
      client.request({ method: 'GET', url: new URL(server.origin) }),
    ).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      why: ['the registry says "You have reached your pull rate limit."'],
    });
    expect(server.lines).toHaveLength(1);
  });

  it('ends with the reason of the signal while it waits', async () => {
    await using server = await scripted(status(500));
    const controller = new AbortController();
    const reason = new Error('stop');
    await using client = testClient({
      retryTimes: 5,
      sleep: (_ms, signal) => {
        controller.abort(reason);
        signal?.throwIfAborted();
        return Promise.resolve();
      },
    });
    const request = { method: 'GET', url: new URL(server.origin), signal: controller.signal };
    await expect(client.request(request)).rejects.toBe(reason);
    expect(server.lines).toHaveLength(1);
  });
});

describe('throttle', () => {
  it('keeps at most eight requests of a host waiting for headers', async () => {
    const waiting: (() => void)[] = [];
    await using server = await startScriptedServer(async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { status: 200 };
    });
    await using client = testClient();
    const url = new URL(server.origin);
    const all = Promise.all(
      Array.from({ length: 30 }, () => client.request({ method: 'GET', url })),
    );
    // Each answer lets one more in, and never more than one.
    for (let answered = 0; answered < 30; answered += 1) {
      await expect.poll(() => waiting.length).toBe(Math.min(8, 30 - answered));
      waiting.shift()?.();
    }
    expect((await all).map((answer) => answer.status)).toEqual(Array(30).fill(200));
  });

  it('gives the slot back before the body is read', async () => {
    await using server = await startScriptedServer(() => (_request, response) => {
      response.writeHead(200);
      response.write('never ends');
    });
    await using client = testClient();
    const url = new URL(server.origin);
    const open = await Promise.all(
      Array.from({ length: 12 }, () => client.request({ method: 'GET', url })),
    );
    expect(open.map((one) => one.status)).toEqual(Array(12).fill(200));
  });

  it('pauses the host after a 429 without Retry-After too', async () => {
    await using server = await startScriptedServer((_request, count) => ({
      status: count === 1 ? 429 : 200,
    }));
    let release = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sleeps: number[] = [];
    const state = { clock: START };
    await using client = testClient({
      retryTimes: 1,
      now: () => state.clock,
      sleep: async (ms) => {
        sleeps.push(ms);
        if (sleeps.length === 2) {
          state.clock += ms;
          release();
        }
        await woken;
      },
    });
    const url = new URL(server.origin);
    const first = client.request({ method: 'GET', url });
    await expect.poll(() => sleeps.length).toBe(1);
    const second = client.request({ method: 'GET', url });
    expect((await Promise.all([first, second])).map((one) => one.status)).toEqual([200, 200]);
    expect(sleeps).toEqual([125, 125]);
  });

  it('pauses every request of the host that asked for it, and no other', async () => {
    await using slow = await scripted(status(503, { 'retry-after': '5' }), status(200));
    await using quick = await scripted(status(200));
    await using client = testClient();
    const ask = (origin: string): Promise<unknown> =>
      client.request({ method: 'GET', url: new URL(origin) });
    await ask(slow.origin);
    await ask(quick.origin);
    expect(client.sleeps).toEqual([]);
    await ask(slow.origin);
    expect(client.sleeps).toEqual([5000]);
  });
});

describe('retryAfterMs', () => {
  it.each([
    ['3', 3000],
    ['0', 0],
    ['99999999999', 9_999_999_999_000],
    [new Date(START - 1000).toUTCString(), undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('%s', (value, expected) => {
    expect(retryAfterMs(parseRawHeaders(['Retry-After', value]), START)).toBe(expected);
  });
});
