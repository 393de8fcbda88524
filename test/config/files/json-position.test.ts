import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateJsonError } from '../../../src/config/files/json-position.ts';

const DOCUMENT = '{\n  "a": [1, true, null, "\\u00e9\\n"],\n  "b": {"c": -1.5e3}\n}';

describe('the position of a fault in a JSON text', () => {
  it('is the end of a text that is cut anywhere', () => {
    for (let length = 0; length < DOCUMENT.length; length += 1) {
      const text = DOCUMENT.slice(0, length);
      const lines = text.split('\n');
      expect(locateJsonError(text), text).toEqual({
        line: lines.length,
        column: (lines.at(-1)?.length ?? 0) + 1,
        rule: 'the text ends too early',
      });
    }
  });

  it.each([
    ['[1,\n 2,, 3]', 2, 4],
    ['{"a": tru}', 1, 10],
    ['{"a": nulx}', 1, 10],
    ['[[[\n[oops', 2, 2],
    ["{'a': 1}", 1, 2],
    ['{"a": "b\nc"}', 1, 9],
    ['{"a": "\\q"}', 1, 9],
    ['{} {}', 1, 4],
    ['x', 1, 1],
  ])('of %j is line %i, column %i', (text, line, column) =>
    expect(locateJsonError(text)).toMatchObject({ line, column }),
  );

  it('is never after a character that no JSON has outside of texts', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const { line, column } = locateJsonError(`${json}\n ?`);
        expect([line, column]).toEqual([2, 2]);
        expect(locateJsonError(`[\n?${json}`)).toMatchObject({ line: 2, column: 1 });
      }),
    );
  });
});
