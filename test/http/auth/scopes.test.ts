import { describe, expect, it } from 'vitest';
import { coversScopes, mergeScopes, scopeKey } from '../../../src/http/auth/scopes.ts';

describe('scopes', () => {
  it('unites the actions of one resource and keeps the order of resources', () => {
    expect(
      mergeScopes(
        ['repository:a:push', 'repository:b:pull'],
        ['repository:a:pull repository:a:push'],
      ),
    ).toEqual(['repository:a:pull,push', 'repository:b:pull']);
  });

  it('does not split a resource name that holds a port', () => {
    expect(mergeScopes(['repository:reg:5000/a:pull', 'repository:reg:5000/a:push'])).toEqual([
      'repository:reg:5000/a:pull,push',
    ]);
  });

  it('writes * alone and passes scopes of other shapes through', () => {
    expect(mergeScopes(['repository:a:pull,*', '*'])).toEqual(['repository:a:*', '*']);
  });

  it('has one key per set', () => {
    expect(scopeKey(['b:x:pull', 'a:x:push,pull'])).toBe(scopeKey(['a:x:pull,push', 'b:x:pull']));
    expect(scopeKey(['repository:a:pull'])).not.toBe(scopeKey(['repository:a:push']));
  });

  it.each([
    ['repository:a:pull,push', 'repository:a:pull', true],
    ['repository:a:pull', 'repository:a:pull,push', false],
    ['repository:a:*', 'repository:a:delete', true],
    ['repository:a:pull', 'repository:b:pull', false],
    ['repository:a:pull repository:b:pull', 'repository:b:pull', true],
    ['repository(plugin):a:pull', 'repository:a:pull', false],
    ['*', '*', true],
    ['*', 'repository:a:pull', false],
  ])('%s covers %s: %s', (have, want, expected) => {
    expect(coversScopes([have], [want])).toBe(expected);
  });
});
