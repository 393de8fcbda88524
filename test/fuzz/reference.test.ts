import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { parseReference } from '../../src/reference/parse.ts';
import { familiarName, formatReference } from '../../src/reference/format.ts';
import { parseRegistry } from '../../src/reference/names.ts';
import type { Reference } from '../../src/reference/types.ts';
import { fuzzRuns } from './runs.ts';

// fast-check prints the seed and the shrunk counterexample of a failure.
const RUNS = fuzzRuns(2000);

const HEX = '0123456789abcdef'.split('');
const text = (alphabet: string, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength: 1, maxLength: max });
const digest = fc
  .string({ unit: fc.constantFrom(...HEX), minLength: 64, maxLength: 64 })
  .map((hex) => `sha256:${hex}`);
const component = fc
  .array(text('abc019', 5), { minLength: 1, maxLength: 3 })
  .chain((words) => fc.constantFrom('.', '_', '__', '-', '---').map((by) => words.join(by)));
const host = fc.oneof(
  fc.constantFrom(
    'localhost',
    'Foo',
    'docker.io',
    'INDEX.docker.io',
    'GHCR.io',
    '[::1]',
    '10.0.0.1',
  ),
  fc.domain(),
);
const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 1, max: 65_535 }).map((number) => `:${number}`),
);
const tag = fc.tuple(text('aZ09_', 1), fc.option(text('aZ09_.-', 20), { nil: '' }));

/** A first component with a dot in it would be a host. */
function withoutHost([first = '', ...rest]: readonly string[]): string[] {
  return [first.replaceAll('.', '_'), ...rest];
}

const name = fc
  .record({
    host: fc.option(fc.tuple(host, port), { nil: undefined }),
    path: fc.array(component, { minLength: 1, maxLength: 4 }),
    tag: fc.option(tag, { nil: undefined }),
    digest: fc.option(digest, { nil: undefined }),
  })
  .map(
    (one) =>
      (one.host === undefined ? '' : `${one.host.join('')}/`) +
      (one.host === undefined ? withoutHost(one.path) : one.path).join('/') +
      (one.tag === undefined ? '' : `:${one.tag.join('')}`) +
      (one.digest === undefined ? '' : `@${one.digest}`),
  );

/** Names with a few characters changed: most are wrong, and nearly right. */
const damaged = fc
  .tuple(
    name,
    fc.nat(),
    fc.constantFrom('', '/', ':', '@', '[', ']', '.', '-', ' ', 'É', '\u0000', '😀'),
  )
  .map(([good, at, put]) => {
    const cut = at % (good.length + 1);
    return good.slice(0, cut) + put + good.slice(cut + (at % 3));
  });

function attempt<T>(run: () => T): T | AppError {
  try {
    return run();
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_REFERENCE') return error;
    throw error;
  }
}

function expectToComeBack(reference: Reference): void {
  expect(parseReference(formatReference(reference))).toEqual(reference);
  expect(parseReference(familiarName(reference))).toEqual(reference);
  expect(URL.canParse(`https://${reference.registry}/v2/${reference.repository}/`)).toBe(true);
}

function isPrintableOrComesBack(result: Reference | AppError): boolean {
  if (result instanceof AppError) return isPrintable(result);
  expectToComeBack(result);
  return true;
}

/** At most three lines, without control characters. */
function isPrintable({ message, excerpt }: AppError): boolean {
  const lines = [message, ...(excerpt?.split('\n') ?? [])];
  return lines.length <= 3 && !/[\u0000-\u001f\u007f-\u009f]/.test(lines.join(''));
}

describe('references', () => {
  it('come back as they were printed', () => {
    fc.assert(
      fc.property(name, (input) => {
        expect(parseReference(input)).toSatisfy(isPrintableOrComesBack);
      }),
      RUNS,
    );
  });

  it('are read or refused with a coded error, whatever the text', () => {
    const anything = fc.oneof(damaged, fc.string({ unit: 'binary', maxLength: 1100 }), fc.string());
    fc.assert(
      fc.property(anything, (input) => {
        expect(attempt(() => parseReference(input))).toSatisfy(isPrintableOrComesBack);
        const registry = attempt(() => parseRegistry(input));
        expect(registry).toSatisfy((result: string | AppError) =>
          result instanceof AppError ? isPrintable(result) : parseRegistry(result) === result,
        );
      }),
      RUNS,
    );
  });

  it('are linear in the length of an attack', () => {
    for (const part of ['a', 'a-', '_', '.', ':', '@', '/', '[', '0.', 'a.a', '-._', 'sha256:']) {
      const error = attempt(() => parseReference(part.repeat(2 ** 22 / part.length)));
      expect(error).toBeInstanceOf(AppError);
    }
  });
});
