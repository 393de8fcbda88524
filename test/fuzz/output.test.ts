import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../src/util/template/render.ts';
import { safeJson, safeText, sanitize } from '../../src/errors/sanitize.ts';
import { renderTable } from '../../src/commands/output/table.ts';
import { createNameFilter } from '../../src/tags/filter.ts';
import { compareVersions } from '../../src/tags/order.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { plainStyle } from '../../src/cli/output/style.ts';
import { fuzzRuns } from './runs.ts';

const remote = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        '\u001b',
        '[31m',
        '[2J',
        ']0;x\u0007',
        '\u009b',
        '\u202e',
        '\u2066',
        '\r',
        '\n',
        'a',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);
const OBEYED =
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

describe('what is printed, fuzzed', () => {
  it('of remote text a terminal obeys nothing', () => {
    fc.assert(
      fc.property(remote, (text) => {
        expect(sanitize(text)).not.toMatch(OBEYED);
        const shown = safeText(text, true).replace(/\u001b\[(?:0|1|2|22|3[1-46]|39)m|[\n\t]/gu, '');
        expect(shown).not.toMatch(OBEYED);
        expect(safeText(text, false).replace(/[\n\t]/gu, '')).not.toMatch(OBEYED);
        const json = JSON.stringify({ [text]: text });
        expect(JSON.parse(safeJson(json))).toEqual(JSON.parse(json));
        expect(safeJson(json)).not.toMatch(OBEYED);
      }),
      fuzzRuns(3000),
    );
  });

  it('a table has a line for each row, whatever is in it', () => {
    const style = { ...plainStyle({ columns: 40 } as never), terminal: true };
    const cells = fc.array(fc.tuple(remote.map(sanitize), remote.map(sanitize)), { maxLength: 5 });
    fc.assert(
      fc.property(cells, (rows) => {
        const table = renderTable([{ title: 'A' }, { title: 'B', shrink: true }], rows, style);
        expect(table.split('\n')).toHaveLength(rows.length + 1);
      }),
      fuzzRuns(500),
    );
  });
});

describe('templates, fuzzed', () => {
  const word = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    '-}}',
    '.',
    '.Labels',
    '.constructor',
    '.__proto__',
    '.Labels.__proto__',
    '$x',
    '$x := ',
    '$',
    'range ',
    'if ',
    'with ',
    'else',
    'end',
    'json ',
    'index ',
    'printf "%-99999s" ',
    'eq ',
    'len ',
    'truncate ',
    '(',
    ')',
    '|',
    '"a"',
    '`b`',
    ' 3 ',
    '-1e9',
    '/* c */',
  );
  const source = fc.oneof(
    fc.array(word, { maxLength: 20 }).map((parts) => parts.join('')),
    fc.array(word, { maxLength: 12 }).map((parts) => `{{${parts.join('')}}}`),
    fc.tuple(word, fc.nat(20_000)).map(([text, times]) => `{{${text.repeat(times)}}}`),
    fc
      .tuple(fc.constantFrom('{{if .}}', '{{range .Tags}}', '{{else if .}}'), fc.nat(20_000))
      .map(([text, times]) => text.repeat(times)),
  );
  const value = {
    Labels: JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown,
    Tags: ['a', 'b'],
    Created: null,
  };

  it('of any text print text or are refused as wrong usage', () => {
    fc.assert(
      fc.property(source, (text) => {
        try {
          const shown = compileTemplate(text).render(value);
          expect(shown).not.toContain('native code');
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('USAGE');
        }
      }),
      fuzzRuns(1000),
    );
  });
});

describe('filters and order of tags, fuzzed', () => {
  const tag = fc.oneof(
    fc.stringMatching(/^[\w][\w.-]{0,127}$/u),
    fc
      .tuple(fc.nat(), fc.nat(), fc.string({ maxLength: 20 }))
      .map((parts) => `v${parts.join('.')}`),
    fc.constantFrom('1.2.3-', '99999999999999999999.0.0', '1.0.0-'.padEnd(128, '0'), 'v', ''),
  );

  it('a range of versions takes any tag, and any range that is none is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.constantFrom('^1.4', '>=2 <3', '*', '1.2.x || >=5'),
          fc.string({ maxLength: 12 }),
        ),
        fc.array(tag, { maxLength: 20 }),
        async (range, tags) => {
          try {
            const keeps = await createNameFilter({ include: [], exclude: [], semver: range });
            for (const one of tags) expect(typeof keeps(one)).toBe('boolean');
          } catch (error) {
            expect((error as AppError).code).toBe('USAGE');
          }
        },
      ),
      fuzzRuns(500),
    );
  });

  it('the order of names is one: it does not depend on where it starts', () => {
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 20 }), (tags) => {
        const sorted = tags.toSorted(compareVersions);
        expect(tags.toReversed().toSorted(compareVersions)).toEqual(sorted);
      }),
      fuzzRuns(1000),
    );
  });
});
