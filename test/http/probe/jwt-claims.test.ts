import { describe, expect, it } from 'vitest';
import { jwtClaims } from '../../../src/http/probe/jwt-claims.ts';

const jwt = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('jwtClaims', () => {
  it('reads dates and access', () => {
    const access = [
      { type: 'repository', name: 'team/app', actions: ['pull', 'push'] },
      { type: 'repository', name: 'none', actions: [] },
    ];
    expect(jwtClaims(jwt({ nbf: 10, exp: 20, access }))).toEqual({
      notBefore: 10_000,
      expires: 20_000,
      access: ['repository:team/app:pull,push'],
    });
  });

  it.each(['', 'opaque', 'a.b', 'a.b.c.d', 'a.!.c', jwt([1]), jwt('x'), jwt(null)])(
    'takes %j for opaque',
    (token) => expect(jwtClaims(token)).toBeUndefined(),
  );

  it('survives claims of any type, and makes names harmless', () => {
    const access = [null, 'x', { type: 1 }, { type: 't\u001b[2J', name: 'n', actions: ['a', 7] }];
    const claims = jwtClaims(jwt({ nbf: 'soon', exp: null, access }));
    expect(claims?.notBefore).toBeUndefined();
    expect(claims?.expires).toBeUndefined();
    expect(claims?.access).toHaveLength(1);
    expect(claims?.access?.[0]).not.toContain('\u001b');
    expect(jwtClaims(jwt({ exp: 1, access: {} }))?.access).toBeUndefined();
  });
});
