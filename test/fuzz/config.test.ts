import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { credentialFromEntry, findEntry } from '../../src/credentials/auth-entry.ts';
import { parseDockerAuthConfig } from '../../src/config/docker/auth-variable.ts';
import { parseBareAuths, parseDockerConfig } from '../../src/config/docker/config-json.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { fuzzRuns } from './runs.ts';

const CANARY = 'canary-4e1f';
const auth = (text: string): string => Buffer.from(text).toString('base64');

/** What the documents are made of: known names in any case, hostile ones, and anything. */
const key = fc.oneof(
  fc.constantFrom(
    'auths',
    'Auths',
    'credHelpers',
    'credsStore',
    'HttpHeaders',
    'auth',
    'identitytoken',
    'registrytoken',
    'username',
    'password',
    'https://index.docker.io/v1/',
    'docker.io',
    'a.io',
    'a.io/team',
    'evil.a.io',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
  ),
  fc.string({ maxLength: 8 }),
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    auth(`u:${CANARY}`),
    auth(CANARY),
    CANARY,
    '',
    null,
    true,
    1e300,
    -1,
    '../../x',
    'a\r\nb: c',
  ),
  fc.string({ maxLength: 12, unit: 'binary' }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 5 })
      // An own member of that name, as JSON.parse makes it.
      .map((members) => Object.fromEntries(members)),
  ),
}));
const text = fc.oneof(
  value.map((one) => JSON.stringify(one)),
  fc.tuple(value, fc.nat(200)).map(([one, at]) => JSON.stringify(one).slice(0, at)),
  fc
    .tuple(fc.nat(2000), value)
    .map(([depth, one]) => `{"auths":${'['.repeat(depth)}${JSON.stringify(one)}`),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

function expectCoded(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('CONFIG_INVALID');
  const { message, hint = '' } = error as AppError;
  expect(`${message} ${hint}`).not.toContain(CANARY);
}

describe('files of logins', () => {
  it.each([
    ['config.json', parseDockerConfig],
    ['.dockercfg', parseBareAuths],
  ] as const)('%s of any text is read or refused without its secrets', (path, parse) => {
    fc.assert(
      fc.property(text, (source) => {
        try {
          const { auths, httpHeaders } = parse(source, path);
          for (const form of ['docker', 'containers'] as const) {
            const found = findEntry(auths, 'a.io', 'team/app', form);
            if (found === undefined) continue;
            expect(found.key.replace(/^https?:\/\//u, '')).toMatch(/^a\.io(?:\/|$)/iu);
            expect(credentialFromEntry(found, path).origin).toBe(path);
          }
          for (const one of Object.values(httpHeaders)) expect(one).not.toMatch(/[\r\n\0]/u);
        } catch (error) {
          expectCoded(error);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(({} as Record<string, unknown>)['auths']).toBeUndefined();
      }),
      fuzzRuns(2000),
    );
  });

  it('DOCKER_AUTH_CONFIG of any text is read or warned about', () => {
    fc.assert(
      fc.property(text, (source) => {
        const said: string[] = [];
        const auths = parseDockerAuthConfig(source, (warning) => said.push(warning));
        expect(said.length > 0 || auths.size >= 0).toBe(true);
        expect(said.join('\n')).not.toContain(CANARY);
      }),
      fuzzRuns(1000),
    );
  });
});
