import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactHeader, redactUrl, SAFE_QUERY_KEYS } from '../../src/errors/redact.ts';
import { parseRawHeaders, retryAfterMs } from '../../src/http/headers.ts';
import { resolveLocation } from '../../src/http/address/target.ts';
import { readToken } from '../../src/http/auth/token-response.ts';
import { parseWarning } from '../../src/http/warnings.ts';
import type { AppError } from '../../src/errors/app-error.ts';
import { isContinuation } from '../../src/registry/blobs/download.ts';
import { offsetFromRange } from '../../src/registry/uploads/status.ts';
import { fuzzRuns } from './runs.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CANARY = 'canary-8d2c';
const anything = fc.string({ unit: 'binary', maxLength: 60 });
const number = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
  fc.constantFrom('-1', '+5', '0x10', '1e3', ' 7 ', '007', '9007199254740993', '1.5', '٣'),
);
const answer = (name: string, value: string) => ({
  headers: parseRawHeaders([name, value]),
});

describe('headers, fuzzed', () => {
  it('Retry-After is a wait in the future or none', () => {
    const date = fc
      .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
      .map((one) => one.toUTCString());
    fc.assert(
      fc.property(fc.oneof(number, date, anything), (value) => {
        const wait = retryAfterMs(answer('retry-after', value).headers, NOW);
        if (wait === undefined) return;
        expect(Number.isFinite(wait) && wait >= 0).toBe(true);
      }),
      fuzzRuns(2000),
    );
  });

  it('Content-Range goes on at the very byte that was asked for, inside the content', () => {
    const range = fc
      .tuple(number, number, fc.oneof(number, fc.constant('*')))
      .map(([start, end, total]) => `bytes ${start}-${end}/${total}`);
    fc.assert(
      fc.property(fc.oneof(range, anything), fc.nat(50), fc.nat(100), (value, offset, size) => {
        const there = isContinuation(answer('content-range', value), offset, size);
        if (!there) return;
        // Leading zeros are digits like any other (RFC 9110, 14.4: 1*DIGIT).
        expect(value.trim()).toMatch(new RegExp(`^bytes 0*${offset}-`, 'iu'));
      }),
      fuzzRuns(2000),
    );
    for (const [value, offset, size, expected] of [
      ['bytes 5-9/10', 5, 10, true],
      ['bytes 5-9/*', 5, 10, true],
      ['bytes 007-7/*', 7, 10, true],
      ['bytes 5-10/11', 5, 10, false],
      ['bytes 4-9/10', 5, 10, false],
      ['bytes 5-9/11', 5, 10, false],
      ['bytes 5-4/10', 5, 10, false],
    ] as const) {
      expect(isContinuation(answer('content-range', value), offset, size)).toBe(expected);
    }
  });

  it('Range of an upload is a whole number of bytes or none', () => {
    const range = fc.tuple(number, number).map(([start, end]) => `${start}-${end}`);
    fc.assert(
      fc.property(fc.oneof(range, anything), (value) => {
        const offset = offsetFromRange(answer('range', value));
        expect(offset === undefined || (Number.isSafeInteger(offset) && offset >= 0)).toBe(true);
      }),
      fuzzRuns(1000),
    );
  });

  it('a Location is a URL without a login, or none', () => {
    const base = new URL('https://registry.example/v2/a/');
    const part = fc.constantFrom(
      '//',
      '\\',
      '@',
      ':',
      'u:p',
      'evil.test',
      '[',
      '/',
      '?',
      '#',
      '\t',
    );
    const location = fc.oneof(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      anything,
    );
    fc.assert(
      fc.property(location, (value) => {
        const target = resolveLocation(value, base);
        expect(`${target?.username ?? ''}${target?.password ?? ''}`).toBe('');
      }),
      fuzzRuns(2000),
    );
  });

  it('URLs and headers in a log hold no secret, whatever stands around it', () => {
    const mess = fc.string({ maxLength: 6 }).map((text) => encodeURIComponent(text));
    fc.assert(
      fc.property(mess, mess, mess, (a, b, c) => {
        const url = `https://${a}:${CANARY}@h.test/${b}?${c}=${CANARY}&sig=${CANARY}#${CANARY}`;
        if (!SAFE_QUERY_KEYS.has(c)) expect(redactUrl(url)).not.toContain(CANARY);
        for (const line of [
          redactHeader('location', url),
          redactHeader('link', `<${url}>; rel="next"`),
          redactHeader('www-authenticate', `Bearer realm="${url.replace(/#.*$/u, '')}"`),
        ]) {
          expect(line).not.toContain(CANARY);
        }
      }),
      fuzzRuns(1000),
    );
  });

  it('warnings and tokens of any form are read or refused', () => {
    fc.assert(
      fc.property(anything, fc.jsonValue(), (text, body) => {
        expect(parseWarning(`299 - "${text}"`)?.length ?? 0).toBeLessThanOrEqual(text.length);
        try {
          const token = readToken(Buffer.from(JSON.stringify(body)), 'auth.example', NOW);
          expect(token.value).toMatch(/^[!-~]+$/u);
        } catch (error) {
          expect((error as AppError).code).toBe('TOKEN_FAILED');
        }
        const times = { token: 'x', expires_in: body, issued_at: text };
        const { renewAt } = readToken(Buffer.from(JSON.stringify(times)), 'auth.example', NOW);
        expect(Number.isFinite(renewAt) && renewAt > 0).toBe(true);
      }),
      fuzzRuns(1000),
    );
  });
});
