import { describe, expect, it } from 'vitest';
import {
  isInsecure,
  longestMatch,
  matchedLength,
  resolveRoute,
} from '../../../src/config/containers/match.ts';
import type { RegistryEntry } from '../../../src/config/containers/types.ts';
import { thrown } from '../../helpers/thrown.ts';

const D = `sha256:${'f'.repeat(64)}`;

function entry(prefix: string, more: Partial<RegistryEntry> = {}): RegistryEntry {
  return {
    prefix,
    location: undefined,
    insecure: false,
    blocked: false,
    mirrors: [],
    file: '/f.conf',
    ...more,
  };
}

describe('prefixes', () => {
  it.each([
    ['example.com/foo', 'example.com/foo', true],
    ['example.com/foo', 'example.com/foo/i:1', true],
    ['example.com/foo', `example.com/foo@${D}`, true],
    ['example.com/foo', 'example.com/foo:1', true],
    ['example.com/foo', 'example.com/foobar', false],
    ['example.com/foo:1', 'example.com/foo:1', true],
    ['example.com/foo:1', 'example.com/foo:12', false],
    ['example.com', 'example.com/x', true],
    ['example.com', 'example.com', true],
    ['example.com', 'example.com.evil.io/x', false],
    ['example.com', 'example.com:5000/x', false],
    ['example.com:5000', 'example.com:5000/x', true],
    ['example.com:500', 'example.com:5000/x', false],
    ['*.example.com', 'example.com/x', false],
    ['*.example.com', 'a.example.com/x', true],
    ['*.example.com', 'a.b.example.com/x', true],
    ['*.example.com', 'a.example.com:5000/x', false],
    ['*.example.com', 'evilexample.com/x', false],
    ['*.example.com', 'evil.io/a.example.com', false],
  ])('%s against %s: %s', (prefix, name, matches) => {
    expect(matchedLength(prefix, name) >= 0).toBe(matches);
  });

  it('the longest wins, whatever their order', () => {
    const entries = ['example.com', 'example.com/a/b', 'example.com/a', '*.com'].map((one) =>
      entry(one),
    );
    expect(longestMatch(entries, 'example.com/a/b/c')?.prefix).toBe('example.com/a/b');
    expect(longestMatch(entries, 'example.com/a/c')?.prefix).toBe('example.com/a');
    expect(longestMatch(entries, 'other.com/a')?.prefix).toBe('*.com');
    expect(longestMatch(entries, 'other.org/a')).toBeUndefined();
  });
});

describe('routes', () => {
  const place = (entries: RegistryEntry[], name: string, suffix = ''): string => {
    const { registry, repository } = resolveRoute(entries, name, suffix).primary;
    return `${registry}/${repository}`;
  };

  it.each([
    ['example.com/foo', 'internal/bar', 'example.com/foo/i', ':1', 'internal/bar/i'],
    ['example.com/foo', 'internal/bar', 'example.com/foobar', '', 'example.com/foobar'],
    ['example.com/foo', 'internal/bar', 'example.com/foo', `@${D}`, 'internal/bar'],
    ['example.com', 'internal:5000/x', 'example.com/foo', '', 'internal:5000/x/foo'],
    ['*.example.com', undefined, 'a.example.com/foo', '', 'a.example.com/foo'],
    ['*.example.com', 'internal/bar', 'a.example.com/foo', '', 'internal/bar/foo'],
    ['example.com', undefined, 'example.com/foo', '', 'example.com/foo'],
  ])('%s at %s: %s%s is read at %s', (prefix, location, name, suffix, expected) => {
    expect(place([entry(prefix, { location })], name, suffix)).toBe(expected);
  });

  it('mirrors stand in order, each rewritten from the prefix', () => {
    const mirrors = [
      { location: 'm1.example/hub', insecure: false, use: 'digest-only' as const },
      { location: 'm2.example', insecure: true, use: 'all' as const },
    ];
    expect(
      resolveRoute([entry('docker.io/library', { mirrors })], 'docker.io/library/x', ''),
    ).toEqual({
      primary: { registry: 'docker.io', repository: 'library/x' },
      mirrors: [
        { registry: 'm1.example', repository: 'hub/x', use: 'digest-only' },
        { registry: 'm2.example', repository: 'x', use: 'all' },
      ],
    });
  });

  it('a block names the prefix and the file, and outranks a shorter prefix only', () => {
    const entries = [entry('example.com', { blocked: true }), entry('example.com/ok')];
    const error = thrown(() => resolveRoute(entries, 'example.com/bad', ''));
    expect(error).toMatchObject({ code: 'REGISTRY_BLOCKED', exitStatus: 3 });
    expect(error.message).toBe('example.com/bad is blocked by /f.conf (prefix "example.com")');
    expect(place(entries, 'example.com/ok/x')).toBe('example.com/ok/x');
  });

  it('one tag can be blocked; moving one is refused', () => {
    const blocked = [entry('example.com/a:1', { blocked: true })];
    expect(thrown(() => resolveRoute(blocked, 'example.com/a', ':1'))).toMatchObject({
      code: 'REGISTRY_BLOCKED',
    });
    expect(place(blocked, 'example.com/a', ':2')).toBe('example.com/a');
    const moved = [entry('example.com/a:1', { location: 'b.example/a:2' })];
    expect(thrown(() => resolveRoute(moved, 'example.com/a', ':1'))).toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});

describe('insecure hosts', () => {
  const entries = [
    entry('a.example/ns', { insecure: true }),
    entry('b.example', { insecure: true, location: 'c.example:5000/x' }),
    entry('d.example', {
      mirrors: [{ location: 'm.example/x', insecure: true, use: 'all' }],
    }),
    entry('*.lab.example', { insecure: true }),
    entry('docker.io', { insecure: true }),
  ];
  it.each([
    ['a.example', true],
    ['a.example:5000', false],
    ['b.example', false],
    ['c.example:5000', true],
    ['d.example', false],
    ['m.example', true],
    ['x.lab.example', true],
    ['lab.example', false],
    ['registry-1.docker.io', true],
  ])('%s: %s', (host, insecure) => expect(isInsecure(entries, host)).toBe(insecure));
});
