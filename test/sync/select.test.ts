import { describe, expect, test } from 'vitest';
import { compileRe2 } from '../../src/util/text/re2.ts';
import { selectNames, selectTags } from '../../src/sync/select.ts';
import { readVectors } from './vectors.ts';

interface FilterCase {
  readonly kind: 'tags' | 'repos';
  readonly in: readonly string[];
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly semverRange?: readonly string[];
  readonly theirs: readonly string[] | { readonly error: string };
  readonly expected: readonly string[] | { readonly error: string };
}

describe('what allow, deny and semverRange choose', () => {
  const { cases } = readVectors('pure/regsync-filter.json') as { cases: readonly FilterCase[] };

  test.each(cases)('$kind: allow $allow, deny $deny, $semverRange', async (one) => {
    const { allow, deny, semverRange, expected, theirs } = one;
    const reading =
      one.kind === 'tags'
        ? selectTags([{ allow, deny, semverRange }])
        : selectNames({ allow, deny });
    if (!Array.isArray(expected)) {
      await expect(reading).rejects.toThrow('cannot be read');
      return;
    }
    const { keeps, loose } = await reading;
    expect(one.in.filter(keeps)).toEqual(expected);
    // The warning is about what regsync would have chosen.
    if (Array.isArray(theirs)) expect(one.in.filter(loose ?? keeps)).toEqual(theirs);
  });
});

interface PatternCase {
  readonly pattern: string;
  readonly find?: readonly (readonly [number, number, number])[];
  readonly error?: string;
  readonly whole?: readonly number[] | { readonly error: string };
}

/** re2js refuses these, which Go takes: long names of categories, two groups of one name. */
const REFUSED = ['p{Letter}', '(?P<n>'];

describe('patterns are RE2', () => {
  const { inputs, patterns } = readVectors('pure/regexp.json') as {
    inputs: readonly string[];
    patterns: readonly PatternCase[];
  };

  test.each(patterns)('$pattern', async ({ pattern, find, whole, error }) => {
    if (error !== undefined) {
      await expect(compileRe2(pattern)).rejects.toThrow(Error);
      return;
    }
    const refused = REFUSED.find((text) => pattern.includes(text));
    const compiled = await compileRe2(pattern).catch((reason: unknown) => {
      if (refused === undefined) throw reason;
    });
    if (compiled === undefined) return;
    const found = inputs.flatMap((input, i) => (compiled.find(input) ? [i] : []));
    expect(found).toEqual([...new Set(find?.map(([i]) => i))]);
    // A quotation that is not closed takes the bracket with it.
    const anchored = await compileRe2(`^(?:${pattern})$`).catch(() => undefined);
    const wholes = inputs.flatMap((input, i) => (anchored?.find(input) === true ? [i] : []));
    expect(wholes).toEqual(Array.isArray(whole) ? whole : []);
  });
});
