import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHostPort, isLoopback } from '../../../src/config/host-name.ts';
import { createHostPolicies } from '../../../src/config/hosts/policy.ts';

const CERT = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n';

describe('host names', () => {
  it.each(['localhost', 'localhost:5000', 'LOCALHOST', '127.0.0.1', '127.9.8.7:1', '[::1]:5000'])(
    '%s is loopback',
    (host) => expect(isLoopback(host)).toBe(true),
  );
  it.each([
    'a.localhost',
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    '127.0.0.256',
    '128.0.0.1',
    '[::2]',
    '127.evil.com',
    '10.0.0.1',
  ])('%s is not', (host) => expect(isLoopback(host)).toBe(false));

  it.each(['a.io', 'a.io:5000', '[::1]:1', 'host', 'my_host'])('%s is a host', (host) =>
    expect(isHostPort(host)).toBe(true),
  );
  it.each(['', '..', 'a/b', 'a.com\nb.com', 'a b', 'u@a', 'a:0', 'a:65536', '[::g]', 'a:', '-a'])(
    '%j is not one',
    (host) => expect(isHostPort(host)).toBe(false),
  );
});

describe('schemes', () => {
  const registries = new Set(['r.example', 'localhost:5000']);
  const scheme = (flags: { tlsVerify?: boolean; plainHttp?: boolean }, host: string): string => {
    const policy = createHostPolicies({ registries, ...flags })(host);
    return `${policy.scheme}${policy.verifyTls ? '' : ' unverified'}`;
  };

  it.each([
    [{}, 'r.example', 'https'],
    [{}, 'localhost:5000', 'probe'],
    [{}, 'localhost:6000', 'probe'],
    [{ plainHttp: true }, 'r.example', 'http'],
    [{ tlsVerify: false }, 'r.example', 'probe unverified'],
    [{ tlsVerify: false }, 'R.EXAMPLE:443', 'probe unverified'],
    [{ tlsVerify: false, plainHttp: true }, 'r.example', 'http unverified'],
    [{ tlsVerify: true }, 'localhost:5000', 'https'],
  ])('%j %s → %s', (flags, host, expected) => expect(scheme(flags, host)).toBe(expected));

  it.each(['auth.r.example', 'r.example:5000', 'r.example.evil.com', 'cdn.example'])(
    'the flags for r.example do not reach %s',
    (host) => {
      const policy = createHostPolicies({
        registries,
        tlsVerify: false,
        plainHttp: true,
        headers: { 'X-Secret': 's' },
      })(host);
      expect(policy).toMatchObject({ scheme: 'https', verifyTls: true, headers: {} });
    },
  );

  it('the headers reach the named registry', () => {
    const policies = createHostPolicies({ registries, headers: { 'X-Secret': 's' } });
    expect(policies('r.example').headers).toEqual({ 'X-Secret': 's' });
  });
});

describe('certificates', () => {
  let folder: string;
  const put = (name: string, text: string): void => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const registries = new Set(['r.example']);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'regctl-certs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('of --cert-dir are for the named registry, read once and only when asked for', () => {
    const policies = createHostPolicies({ registries, certDir: join(folder, 'c') });
    put('c/ca.crt', CERT);
    put('c/me.cert', CERT);
    put('c/me.key', KEY);
    const policy = policies('r.example');
    expect(policy.ca).toEqual([CERT]);
    expect(policy.clientCertificates).toEqual([{ cert: CERT, key: KEY }]);
    rmSync(join(folder, 'c'), { recursive: true });
    expect(policies('r.example')).toBe(policy);
    expect(policies('auth.example')).toMatchObject({ ca: [], clientCertificates: [] });
  });

  it.each([
    ['c/me.cert', CERT, 'missing key me.key for client certificate me.cert'],
    ['c/me.key', KEY, 'missing client certificate me.cert for key me.key'],
    ['c/ca.crt', 'DER', 'ca.crt holds no certificate in PEM form'],
  ])('%s alone is refused', (name, text, message) => {
    put(name, text);
    const policies = createHostPolicies({ registries, certDir: join(folder, 'c') });
    expect(() => policies('r.example')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('half a pair says which extension CA certificates have', () => {
    put('c/ca.cert', CERT);
    const policies = createHostPolicies({ registries, certDir: join(folder, 'c') });
    expect(() => policies('r.example')).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining('CA certificates must have the extension .crt') as string,
      }) as Error,
    );
  });

  it('a --cert-dir that does not exist is refused', () => {
    const policies = createHostPolicies({ registries, certDir: join(folder, 'none') });
    expect(() => policies('r.example')).toThrow('does not exist');
  });

  it('of certs.d are found by host and port, the first existing folder winning', () => {
    mkdirSync(join(folder, 'one/r.example'), { recursive: true });
    put('two/r.example/ca.crt', CERT);
    put('two/r.example:5000/ca.crt', CERT);
    put('two/docker.io/ca.crt', CERT);
    put('ca.crt', CERT);
    const certsDirs = [join(folder, 'none'), join(folder, 'one'), join(folder, 'two')];
    const policies = createHostPolicies({ registries, certsDirs });
    const found = ['r.example', 'r.example:5000', 'registry-1.docker.io', '..', 'x/../docker.io'];
    expect(found.map((host) => policies(host).ca.length)).toEqual([0, 1, 1, 0, 0]);
  });
});
