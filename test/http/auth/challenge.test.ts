import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/http/auth/challenge.ts';

type Parsed = [string, Record<string, string>];
const parse = (...lines: string[]): Parsed[] =>
  parseChallenges(lines).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  it.each<[string, Parsed[]]>([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:samalba/my-app:pull,push"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:samalba/my-app:pull,push',
          },
        ],
      ],
    ],
    [
      String.raw`Bearer realm="https://a/t",service="s",other=fun,slashed="he\"\l\lo"`,
      [['bearer', { realm: 'https://a/t', service: 's', other: 'fun', slashed: 'he"llo' }]],
    ],
    [
      'Bearer realm="https://a/t",empty="",service="s"',
      [['bearer', { realm: 'https://a/t', empty: '', service: 's' }]],
    ],
    [
      'Bearer realm="https://codeberg.org/v2/token",service="c",scope="*",Basic realm="https://codeberg.org/v2",service="c",scope="*"',
      [
        ['bearer', { realm: 'https://codeberg.org/v2/token', service: 'c', scope: '*' }],
        ['basic', { realm: 'https://codeberg.org/v2', service: 'c', scope: '*' }],
      ],
    ],
    ['Basic realm="Artifactory Realm"', [['basic', { realm: 'Artifactory Realm' }]]],
    ['basic realm=x', [['basic', { realm: 'x' }]]],
    [
      'bearer realm=http://127.0.0.1:5000/t?a=b',
      [['bearer', { realm: 'http://127.0.0.1:5000/t?a=b' }]],
    ],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Bearer error="insufficient_scope",scope="repository:x:push",realm="r"',
      [['bearer', { error: 'insufficient_scope', scope: 'repository:x:push', realm: 'r' }]],
    ],
    ['BEARER Realm = "a" , SERVICE = b', [['bearer', { realm: 'a', service: 'b' }]]],
    [
      'Bearer scope=repository:x:pull,push,realm="r"',
      [['bearer', { scope: 'repository:x:pull', realm: 'r' }]],
    ],
    ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
    ['Bearer realm="unterminated', [['bearer', { realm: 'unterminated' }]]],
    ['Bearer realm="ends in a backslash\\', [['bearer', { realm: 'ends in a backslash' }]]],
    ['Bearer __proto__="x"', [['bearer', { ['__proto__']: 'x' }]]],
    ['realm="without a scheme"', []],
    ['"Basic realm=x"', []],
    [',;=, ="', []],
    ['', []],
  ])('reads %s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  it('keeps challenges of several lines apart', () => {
    expect(parse('Bearer realm="a"', 'Basic realm="b"').map(([scheme]) => scheme)).toEqual([
      'bearer',
      'basic',
    ]);
  });
});
