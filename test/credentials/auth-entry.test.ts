import { describe, expect, it } from 'vitest';
import { credentialFromEntry, encodeAuth, findEntry } from '../../src/credentials/auth-entry.ts';
import type { AuthFileFormat } from '../../src/config/containers/auth-files.ts';
import { parseDockerConfig } from '../../src/config/docker/config-json.ts';
import { basic } from './fake-helpers.ts';

const FILE = '/f/config.json';

const read = (entry: Record<string, string>): unknown => {
  const config = parseDockerConfig(JSON.stringify({ auths: { 'a.io': entry } }), FILE);
  const found = findEntry(config.auths, 'a.io', undefined, 'docker');
  if (found === undefined) throw new Error('no entry');
  return credentialFromEntry(found, FILE);
};

const login = (username: string, password: string): unknown => ({
  kind: 'basic',
  username,
  password,
  origin: FILE,
});

/** The user found for a host in a file whose every key has the key itself as its user. */
function keyFor(
  keys: readonly string[],
  host: string,
  repository?: string,
  format: AuthFileFormat = 'docker',
): string | undefined {
  const auths = Object.fromEntries(keys.map((key) => [key, { auth: basic('u:p') }]));
  const config = parseDockerConfig(JSON.stringify({ auths }), FILE);
  return findEntry(config.auths, host, repository, format)?.key;
}

describe('which entry is for a registry', () => {
  const HUB = 'https://index.docker.io/v1/';
  it.each([
    [['docker.io', HUB], 'docker.io', HUB],
    [['index.docker.io'], 'docker.io', 'index.docker.io'],
    [['docker.io'], 'registry-1.docker.io', 'docker.io'],
    [['https://a.io/v1/', 'a.io'], 'a.io', 'a.io'],
    [['https://a.io/v1/'], 'a.io', 'https://a.io/v1/'],
    [['http://a.io:5000/v2/'], 'a.io:5000', 'http://a.io:5000/v2/'],
    [['a.io/path'], 'a.io', 'a.io/path'],
    [['a.io/path', 'https://a.io'], 'a.io', 'https://a.io'],
    [['A.io'], 'a.io', 'A.io'],
    [['[::1]:5000'], '[::1]:5000', '[::1]:5000'],
  ])('%j, %s → %s', (keys, host, key) => expect(keyFor(keys, host)).toBe(key));

  it.each([
    ['a.io', 'evil-a.io'],
    ['a.io', 'a.io.evil.com'],
    ['a.io', 'sub.a.io'],
    ['sub.a.io', 'a.io'],
    ['a.io', 'a.io:5000'],
    ['a.io:5000', 'a.io'],
    ['a.io:5000', 'a.io:50001'],
    ['https://a.io@evil.com/v1/', 'a.io'],
    ['https://evil.com/a.io', 'a.io'],
    ['docker.io', 'docker.io.evil.com'],
    ['*.a.io', 'sub.a.io'],
    ['a', '__proto__'],
  ])('the login of %s never goes to %s', (key, host) =>
    expect(keyFor([key], host)).toBeUndefined(),
  );

  it('prefers the namespace of the repository, most specific first', () => {
    const keys = ['a.io', 'a.io/team', 'a.io/team/app'];
    expect(keyFor(keys, 'a.io', 'team/app')).toBe('a.io/team/app');
    expect(keyFor(keys, 'a.io', 'team/other')).toBe('a.io/team');
    expect(keyFor(keys, 'a.io', 'teammate/x')).toBe('a.io');
    expect(keyFor(['docker.io/team'], 'docker.io', 'team/app')).toBe('docker.io/team');
  });

  it('keeps a namespace login to its namespace in a containers auth file', () => {
    expect(keyFor(['a.io/team'], 'a.io', 'other/app', 'containers')).toBeUndefined();
    expect(keyFor(['a.io/team'], 'a.io', 'team/app', 'containers')).toBe('a.io/team');
    expect(keyFor(['https://a.io/v1/'], 'a.io', 'x', 'containers')).toBe('https://a.io/v1/');
  });

  it.each([
    [['a.io/t/i/x', 'a.io/t/i', 'a.io/t', 'a.io'], 't/i/x', 'a.io/t/i/x'],
    [['a.io', 'a.io/t', 'a.io/t/i'], 't/i/y', 'a.io/t/i'],
    [['a.io', 'a.io/t', 'a.io/t/i'], 't/z', 'a.io/t'],
    [['a.io', 'a.io/t'], 'tt/z', 'a.io'],
    [['a.io', 'a.io/t'], undefined, 'a.io'],
    [['a.io/t'], undefined, undefined],
    [['a.io/t'], 'T/x', undefined],
    [['http://a.io/v2/', 'a.io/t'], 'x', 'http://a.io/v2/'],
  ])('containers form: %j for %s → %s', (keys, repository, expected) =>
    expect(keyFor(keys, 'a.io', repository, 'containers')).toBe(expected),
  );

  it.each(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'https://index.docker.io/v1/'])(
    'containers form: %s is Docker Hub',
    (key) => expect(keyFor([key], 'docker.io', 'library/x', 'containers')).toBe(key),
  );

  it('containers form: passes over an auth without ":"', () => {
    const text = { auths: { 'a.io/t': { auth: basic('broken') }, 'a.io': { auth: basic('u:p') } } };
    const { auths } = parseDockerConfig(JSON.stringify(text), FILE);
    expect(findEntry(auths, 'a.io', 't/x', 'containers')?.key).toBe('a.io');
    expect(findEntry(auths, 'a.io', 't/x', 'docker')?.key).toBe('a.io/t');
  });

  it('passes over the empty entry that marks a helper', () => {
    const config = parseDockerConfig('{"auths":{"a.io":{}}}', FILE);
    expect(findEntry(config.auths, 'a.io', undefined, 'docker')).toBeUndefined();
  });
});

describe('what an entry says', () => {
  it.each([
    ['at the first colon', { auth: basic('u:p:q') }, login('u', 'p:q')],
    ['without trailing NULs', { auth: basic('u:p\0\0') }, login('u', 'p')],
    ['with an empty password', { auth: basic('u:') }, login('u', '')],
    ['in plain fields', { username: 'u', password: 'p' }, login('u', 'p')],
    ['from auth before the plain fields', { auth: basic('a:b'), username: 'u' }, login('a', 'b')],
    ['beyond ASCII', { auth: basic('ü:ß€') }, login('ü', 'ß€')],
  ])('is read %s', (_what, entry, expected) => expect(read(entry)).toEqual(expected));

  it('is an identity token, with its user where there is one', () => {
    const token = { kind: 'identity', token: 't', origin: FILE };
    expect(read({ identitytoken: 't' })).toEqual(token);
    expect(read({ identitytoken: 't', auth: basic('u:') })).toEqual({ ...token, username: 'u' });
  });

  it('is a registry token before all else', () => {
    expect(read({ registrytoken: 'r', identitytoken: 't', auth: basic('u:p') })).toEqual({
      kind: 'registry-token',
      token: 'r',
      origin: FILE,
    });
  });

  it.each([
    [{ auth: basic(':secret') }],
    [{ auth: '!secret!' }],
    [{ auth: basic('secret') }],
    [{ password: 'secret' }],
  ])('is refused, unquoted, when it is %j', (entry) => {
    let message = '';
    try {
      read(entry);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(`${FILE}: auths["a.io"]`);
    expect(message).not.toMatch(/secret|c2VjcmV0/u);
  });

  it('is written as it is read', () => {
    expect(read({ auth: encodeAuth('ü', 'p:q') })).toEqual(login('ü', 'p:q'));
  });
});
