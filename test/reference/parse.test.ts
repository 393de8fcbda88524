import { describe, expect, it } from 'vitest';
import { parseReference, stripDockerScheme } from '../../src/reference/parse.ts';
import { thrown } from '../helpers/thrown.ts';
import { D, INVALID, VALID } from './vectors.ts';

/** Message lines, then the hint. */
function complaint(input: string, parse: (text: string) => unknown = parseReference): string[] {
  const error = thrown(() => parse(input));
  const { message, excerpt, hint } = error;
  return [message, ...(excerpt?.split('\n') ?? []), ...(hint === undefined ? [] : [hint])];
}

describe('parseReference', () => {
  it.each(VALID)('reads %s', (input, registry, repository, tag, digest) => {
    expect(parseReference(input)).toEqual({
      registry,
      repository,
      ...(tag === '' ? {} : { tag }),
      ...(digest === '' ? {} : { digest }),
    });
  });

  it.each(INVALID)('refuses %j', (input, rule) => {
    const error = thrown(() => parseReference(input));
    expect(error.code).toBe('INVALID_REFERENCE');
    expect(error.exitStatus).toBe(64);
    expect(error.message).toContain(rule);
    expect(error.message).not.toContain('\n');
  });

  it.each(INVALID.filter(([input]) => input !== ''))('points into %j', (input) => {
    const [name = '', caret = ''] = (thrown(() => parseReference(input)).excerpt ?? '').split('\n');
    expect(caret).toMatch(/^ {2,}\^$/);
    // Just behind the end is where something is missing.
    expect(caret.indexOf('^')).toBeLessThanOrEqual(name.length);
  });
});

describe('what is said about a wrong name', () => {
  it.each([
    ['1.2.0+build.1', '1.2.0_build.1'],
    ['v1.2+b', 'v1.2_b'],
    ['1.2.0-rc.1+a.b-c', '1.2.0-rc.1_a.b-c'],
    ['1.2.0_b', '1.2.0_b'],
  ])('reads the version %s as the tag that Helm writes', (version, tag) => {
    expect(parseReference(`r.example/app:${version}`).tag).toBe(tag);
  });

  it('points at the offending part and offers the fix', () => {
    expect(complaint('foo/Bar')).toEqual([
      'invalid reference "foo/Bar": repository name must be lowercase',
      '  foo/Bar',
      '      ^',
      'Did you mean "foo/bar"?',
    ]);
  });

  it('keeps registry, tag and digest in what it offers', () => {
    expect(complaint(`ghcr.io/Own/App:V1@${D}`).at(-1)).toBe(
      `Did you mean "ghcr.io/own/app:V1@${D}"?`,
    );
  });

  it('offers nothing that is wrong itself', () => {
    expect(complaint('foo/Bar_')).toHaveLength(3);
  });

  it('shows control characters escaped and still points right', () => {
    expect(complaint('a\u001b]0;x\u0007b')).toEqual([
      'invalid reference "a\\x1b]0;x\\x07b": it contains white space or a control character',
      '  a\\x1b]0;x\\x07b',
      '   ^',
    ]);
    expect(complaint('a\u202eb')[1]).toBe('  a\\u202eb');
  });

  it('counts what is shown in front of the caret, not what was typed', () => {
    expect(complaint('foo/\u200e😀X$').slice(1)).toEqual([
      '  foo/\\u200e😀X$',
      `  ${' '.repeat('foo/'.length + '\\u200e'.length + 1)}^`,
    ]);
  });

  it('shows a window of a long name', () => {
    const [first = '', name = '', caret = ''] = complaint(`example.com/${'a'.repeat(200)}$b`);
    expect(first.length).toBeLessThan(160);
    expect(name.length).toBeLessThan(80);
    expect(name[caret.indexOf('^')]).toBe('$');
  });

  it.each([
    ['https://ghcr.io/a/b:1/', 'Did you mean "ghcr.io/a/b:1"?'],
    ['docker://ubuntu', 'Did you mean "ubuntu"?'],
    ['https://hub.docker.com/r/grafana/loki', 'Did you mean "grafana/loki"?'],
    ['https://hub.docker.com/_/busybox/tags', 'Did you mean "busybox"?'],
    [' ubuntu\n', 'Did you mean "ubuntu"?'],
    ['foo@latest', 'Did you mean "foo:latest"?'],
    [`foo:${D}`, `Did you mean "foo@${D}"?`],
    [`foo@${D.toUpperCase().replace('SHA', 'sha')}`, `Did you mean "foo@${D}"?`],
    [`foo@${D}:1.0`, `Did you mean "foo:1.0@${D}"?`],
    [D, 'Write the repository before it: NAME@sha256:fffffff…'],
    ['ghcr.io/', 'Add a repository after the registry: ghcr.io/NAME'],
    ['[::1]:5000', 'Add a repository after the registry: [::1]:5000/NAME'],
    ['busybox:', 'Add a tag after ":", or remove the ":".'],
    ['busybox@', 'Add a digest after "@", or remove the "@".'],
    ['::1/r', 'Write an IPv6 address in brackets, for example [::1]:5000/app.'],
    ['a.b:x/r', 'A port is a number from 1 to 65535.'],
    ['☃.com/foo', 'Write an international host name in punycode ("xn--…").'],
    ['user:pw@example.com/foo', 'Use --creds, or log in first: regctl login'],
  ])('says what to do about %j', (input, hint) => {
    expect(complaint(input).at(-1)).toBe(hint);
  });

  it.each([
    'user:hunter2@example.com/foo',
    'user:hunter2@localhost:5000',
    'user:hunter2@[::1]/foo',
    'user:hunter2@registry:5000',
    `user:hunter2@h/a@sha256:${'0'.repeat(64)}`,
    `user:hunter2@example.com/foo@sha256:${'0'.repeat(63)}`,
    'https://user:hunter2@example.com/foo',
    'https://user:hun/hunter2@example.com/foo',
    'https://user:hunter2@registry',
    ' user:hunter2@example.com/foo',
    `user:hunter2@example.com/${'a'.repeat(2000)}`,
  ])('hides a password: %s', (input) => {
    expect(complaint(input).join('\n')).not.toContain('hunter2');
  });

  it('points after a hidden password', () => {
    expect(complaint('https://me:hunter2@example.com/a b')).toEqual([
      'invalid reference "https://***@example.com/a b": it contains a space',
      '  https://***@example.com/a b',
      '                           ^',
    ]);
  });
});

describe('stripDockerScheme', () => {
  it.each([
    ['docker://ghcr.io/a/b', 'ghcr.io/a/b'],
    ['docker:latest', 'docker:latest'],
    ['a/docker://b', 'a/docker://b'],
  ])('%s → %s', (input, name) => {
    expect(stripDockerScheme(input)).toBe(name);
  });
});
