import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRegistriesConf } from '../../src/config/containers/registries-conf.ts';
import { matchedLength, rewrite } from '../../src/config/containers/match.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { fuzzRuns } from './runs.ts';

const entryOf = (prefix: string) => ({
  prefix,
  location: undefined,
  insecure: false,
  blocked: false,
  mirrors: [],
  file: '/f',
});
const part = fc.stringMatching(/^[a-z0-9]{1,3}$/u);
const host = fc
  .tuple(fc.array(part, { minLength: 2, maxLength: 3 }), fc.option(fc.nat(9)))
  .map(([labels, port]) => `${labels.join('.')}${port === null ? '' : `:${port + 1}`}`);
const name = fc
  .tuple(host, fc.array(part, { minLength: 1, maxLength: 3 }))
  .map(([registry, path]) => [registry, ...path].join('/'));

describe('registries.conf', () => {
  it('any text is read or refused as a wrong configuration', async () => {
    const word = fc.constantFrom(
      '[[registry]]\n',
      '[[registry.mirror]]\n',
      '[aliases]\n',
      '[registries.search]\n',
      'prefix = "*.a.b"\n',
      'location = "a.b:5/c"\n',
      'blocked = true\n',
      'pull-from-mirror = "all"\n',
      '"__proto__" = "x/y"\n',
      '"toString" = 1\n',
      '= [',
      '# c\n',
    );
    const text = fc.array(fc.oneof(word, fc.string({ maxLength: 12 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        try {
          await parseRegistriesConf({ path: '/f', text: pieces.join('') });
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('CONFIG_INVALID');
        }
      }),
      fuzzRuns(500),
    );
  });

  it('a prefix matches whole parts of a name alone, and a rewrite keeps the rest', () => {
    fc.assert(
      fc.property(name, fc.nat(4), host, (full, cut, location) => {
        const parts = full.split('/');
        const prefix = parts.slice(0, Math.min(cut + 1, parts.length)).join('/');
        const entry = entryOf(prefix);
        expect(matchedLength(prefix, full)).toBe(prefix.length);
        expect(matchedLength(prefix, `${full}:t`)).toBe(prefix.length);
        expect(matchedLength(`${full}x`, full)).toBe(-1);
        expect(matchedLength(full, `${full}x`)).toBe(-1);
        expect(rewrite(full, entry, location)).toBe(`${location}${full.slice(prefix.length)}`);
      }),
    );
  });

  it('a wildcard takes hosts below the domain, and no path with the same end', () => {
    fc.assert(
      fc.property(host, part, part, (domain, below, path) => {
        const prefix = `*.${domain}`;
        expect(matchedLength(prefix, `${below}.${domain}/${path}`)).toBeGreaterThan(0);
        expect(matchedLength(prefix, `${domain}/${path}`)).toBe(-1);
        expect(matchedLength(prefix, `${below}${domain}/${path}`)).toBe(-1);
        expect(matchedLength(prefix, `z.zz/${below}.${domain}`)).toBe(
          domain === 'z.zz' ? -1 : matchedLength(prefix, 'z.zz/x'),
        );
      }),
    );
  });
});
