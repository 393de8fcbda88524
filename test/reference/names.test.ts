import { describe, expect, it } from 'vitest';
import {
  isRegistryHost,
  isRepositoryName,
  isTag,
  parseRegistry,
} from '../../src/reference/names.ts';
import { thrown } from '../helpers/thrown.ts';

describe('isTag', () => {
  it.each(['latest', 'A', '_x', '1.0-rc_1', 'a'.repeat(128)])('accepts %s', (tag) => {
    expect(isTag(tag)).toBe(true);
  });

  it.each(['', '.a', '-a', 'a/b', '../a', 'a\n', 'a\u001b[2J', 'ä', 'a'.repeat(129)])(
    'refuses %j',
    (tag) => {
      expect(isTag(tag)).toBe(false);
    },
  );
});

describe('isRepositoryName', () => {
  it.each(['a', 'library/busybox', 'a/b.c/d__e/f---g', 'a'.repeat(255)])('accepts %s', (name) => {
    expect(isRepositoryName(name)).toBe(true);
  });

  it.each(['', 'A', '/a', 'a/', 'a//b', '..', 'a/../b', 'a:1', 'a\n', 'a%2fb', 'a'.repeat(256)])(
    'refuses %j',
    (name) => {
      expect(isRepositoryName(name)).toBe(false);
    },
  );
});

describe('isRegistryHost', () => {
  it.each(['registry', 'ghcr.io', 'localhost:5000', '127.0.0.1:1', '[::1]:5000'])(
    'accepts %s',
    (host) => {
      expect(isRegistryHost(host)).toBe(true);
    },
  );

  it.each(['', 'a/b', 'a.com\nb.com', 'a b', 'u@a.com', '*.a.com', 'a.com:0', '::1', '127.1'])(
    'refuses %j',
    (host) => {
      expect(isRegistryHost(host)).toBe(false);
    },
  );
});

describe('parseRegistry', () => {
  it.each([
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://registry-1.docker.io/v2', 'docker.io'],
    ['localhost', 'localhost'],
    ['localhost:5000', 'localhost:5000'],
    ['ghcr.io/', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['HTTP://GHCR.IO:0080/', 'ghcr.io:80'],
    ['[::1]:5000', '[::1]:5000'],
    ['registry:5000', 'registry:5000'],
  ])('%s → %s', (text, registry) => {
    expect(parseRegistry(text)).toBe(registry);
  });

  it.each([
    ['', 'the host is missing', 'For example "ghcr.io".'],
    ['https://', 'the host is missing', 'For example "ghcr.io".'],
    ['ghcr.io/owner/app', 'a registry has no path', 'Did you mean "ghcr.io"?'],
    ['owner', 'a registry has a dot or a port', 'Write the whole host name, or owner:443.'],
    [' ghcr.io', 'invalid registry host', 'Did you mean "ghcr.io"?'],
    ['ftp://ghcr.io', 'a registry has no path', 'Write only the host.'],
    ['ghcr.io:99999', 'invalid registry port', 'A port is a number from 1 to 65535.'],
    ['a.com\nb.com', 'invalid registry host', undefined],
    ['ghcr.io?x=1', 'invalid registry host', undefined],
    ['me:hunter2@ghcr.io', 'no user or password', 'Pass them as --username and --password-stdin.'],
    ['https://me:hunter2@registry', 'no user', 'Pass them as --username and --password-stdin.'],
    [`${'a.'.repeat(5000)}b`, 'it must not be longer than 300 characters', undefined],
  ])('refuses %j', (text, rule, hint) => {
    const error = thrown(() => parseRegistry(text));
    expect(error.code).toBe('INVALID_REFERENCE');
    expect(error.message.split('\n')[0]).toContain(rule);
    expect(error.message).not.toContain('hunter2');
    expect(error.hint).toBe(hint);
  });
});
