import { describe, expect, it } from 'vitest';
import { createPauses } from '../../../src/http/retry/pauses.ts';
import { throttle } from '../../../src/http/retry/throttle.ts';
import type { HttpResponse } from '../../../src/http/types.ts';
import type { BeginWait } from '../../../src/util/abort.ts';

const RESPONSE = { status: 200 } as HttpResponse;

describe('what a request waits for', () => {
  it('is the pause of another one, then the answer; neither query nor login is named', async () => {
    const state = { clock: 0 };
    const lines: string[] = [];
    const beginWait: BeginWait = (what, { quiet = false } = {}) => {
      lines.push(`${quiet ? 'quiet ' : ''}${what}`);
      return () => void lines.push('over');
    };
    const pauses = createPauses();
    pauses.extend('r.example', 5000);
    const send = throttle({
      pauses,
      beginWait,
      now: () => state.clock,
      sleep: async (ms) => void (state.clock += ms),
      maxWaitMs: 60_000,
    })(async () => RESPONSE);
    const url = new URL('https://user:secret@r.example/v2/a/blobs/1?X-Amz-Signature=secret');
    await send({ method: 'GET', url });
    await send({ method: 'HEAD', url: new URL('https://other.example/v2/') });
    expect(lines).toEqual([
      'r.example to take requests again',
      'over',
      'quiet r.example to answer GET /v2/a/blobs/1',
      'over',
      'quiet other.example to answer HEAD /v2/',
      'over',
    ]);
  });

  it('ends with a failure, too', async () => {
    let open = 0;
    const send = throttle({
      pauses: createPauses(),
      beginWait: () => {
        open += 1;
        return () => void (open -= 1);
      },
      now: () => 0,
      sleep: async () => undefined,
      maxWaitMs: 0,
    })(async () => Promise.reject(new Error('cut off')));
    const request = { method: 'GET', url: new URL('https://r.example/v2/') };
    await expect(send(request)).rejects.toThrow('cut off');
    expect(open).toBe(0);
  });
});
