import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../src/http/auth/challenge.ts';
import { fuzzRuns } from './runs.ts';

/** fast-check prints the seed of a failing run. */
const RUNS = fuzzRuns(500);

const noise = fc.string({
  unit: fc.constantFrom(
    '"',
    '\\',
    ',',
    '=',
    ' ',
    '\t',
    'a',
    'Bearer',
    'Basic ',
    'realm',
    '\u0000',
    'é',
  ),
  maxLength: 200,
});
const name = fc.stringMatching(/^[a-z]{1,8}$/u);

describe('parseChallenges, fuzzed', () => {
  it('never throws, and makes no value longer than its input', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, fc.string()), { maxLength: 4 }), (lines) => {
        const size = lines.join('').length;
        for (const { scheme, parameters } of parseChallenges(lines)) {
          expect(scheme).toMatch(/^[^\s",=]+$/u);
          for (const value of parameters.values()) expect(value.length).toBeLessThanOrEqual(size);
        }
      }),
      RUNS,
    );
  });

  it('gives back what was quoted', () => {
    const parameters = fc.dictionary(name, fc.string({ maxLength: 40 }), {
      minKeys: 1,
      maxKeys: 5,
    });
    fc.assert(
      fc.property(fc.array(parameters, { minLength: 1, maxLength: 3 }), (challenges) => {
        const line = challenges
          .map(
            (one, i) =>
              `X${i} ${Object.entries(one)
                .map(([key, value]) => `${key}=${quote(value)}`)
                .join(', ')}`,
          )
          .join(', ');
        expect(parseChallenges([line]).map((one) => new Map(one.parameters))).toEqual(
          challenges.map((one) => new Map(Object.entries(one))),
        );
      }),
      RUNS,
    );
  });

  it.each([
    'Bearer realm="' + '\\'.repeat(2 ** 20),
    'a=,'.repeat(2 ** 18),
    'Basic '.repeat(2 ** 17),
    '"'.repeat(2 ** 20),
  ])('reads a megabyte without blowing up (%#)', (line) => {
    expect(parseChallenges([line]).length).toBeLessThanOrEqual(line.length);
  });
});

function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
}
