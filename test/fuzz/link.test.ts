import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLink, nextUrl, parseLinks } from '../../src/registry/lists/link-header.ts';
import { fuzzRuns } from './runs.ts';

const current = new URL('https://reg.example/v2/a/b/tags/list?n=2');

describe('Link', () => {
  it.each<[string, string | undefined]>([
    ['</a?last=1>; rel="next"', '/a?last=1'],
    ['</a>; rel=next', '/a'],
    ['</a>;REL="prev Next"', '/a'],
    ['</a>; title="x, <b>; rel=next"; rel="prev", </c>; rel="next"', '/c'],
    ['</a>; title="\\""; rel="next"', '/a'],
    ['</a,b;c>; rel="next"', '/a,b;c'],
    ['</a>; rel="prev"; rel="next"', undefined],
    ['<>; rel="next"', undefined],
    ['</a>', undefined],
    ['</a; rel="next"', undefined],
    ['/a; rel="next"', undefined],
    ['</a>; rel="next', '/a'],
    ['</a>; rel=nextish', undefined],
    ['', undefined],
  ])('%s → %s', (line, target) => {
    expect(nextLink([line])).toBe(target);
  });

  it('looks at every header line', () => {
    expect(nextLink(['</a>; rel="prev"', '</b>; rel="next"'])).toBe('/b');
  });

  it('never leaves the origin, and never throws', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.webUrl({ withQueryParameters: true }),
      fc.constantFrom(
        '<',
        '>',
        ';',
        ',',
        '"',
        '\\',
        '=',
        'rel',
        'next',
        ' ',
        '//',
        'http://[',
        '@',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, wrap) => {
        const text = pieces.join('');
        const url = nextUrl([wrap ? `<${text}>; rel="next"` : text], current);
        expect(url?.origin ?? current.origin).toBe(current.origin);
        expect(url?.username ?? '').toBe('');
      }),
      fuzzRuns(2000),
    );
  });

  it('finds what was written', () => {
    const target = fc.string({ maxLength: 30 }).filter((text) => !/[<>]/u.test(text));
    fc.assert(
      fc.property(fc.array(target, { minLength: 1, maxLength: 5 }), (targets) => {
        const line = targets.map((one, i) => `<${one}>; rel="r${i}"`).join(', ');
        expect(parseLinks(line)).toEqual(
          targets.map((one, i) => ({ target: one.trim(), relations: [`r${i}`] })),
        );
      }),
    );
  });

  it.each(['<', '<>', '<>;', '<a>;rel="', '<a>;rel=x,', ';', '<a>;a=b'])(
    'reads a very long header of %j in one pass',
    (unit) => {
      const line = unit.repeat(200_000);
      expect(parseLinks(line).length).toBeLessThanOrEqual(200_000);
    },
  );
});
