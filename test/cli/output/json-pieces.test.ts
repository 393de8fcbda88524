import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonPieces } from '../../../src/cli/output/json-pieces.ts';
import { fuzzRuns } from '../../fuzz/runs.ts';

it('is the text of JSON.stringify, whatever the value is', () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.anything({ maxDepth: 3 }));
  fc.assert(
    fc.property(value, fc.constantFrom(2, 4), (one, indent) => {
      const whole = JSON.stringify(one ?? null, undefined, indent);
      expect([...jsonPieces(one, indent)].join('')).toBe(whole);
    }),
    fuzzRuns(300),
  );
});

it('gives each item of a list by itself', () => {
  const list = Array.from({ length: 50 }, (_one, i) => ({ Name: `tag ${i}`, Empty: {} }));
  const pieces = [...jsonPieces({ Head: { A: [1] }, List: list, Left: undefined }, 2)];
  expect(pieces.join('')).toBe(JSON.stringify({ Head: { A: [1] }, List: list }, undefined, 2));
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(80);
});
