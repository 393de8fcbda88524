import { describe, expect, it } from 'vitest';
import { parseDockerConfig } from '../../../src/config/docker/config-json.ts';
import { dockerProxies } from '../../../src/config/docker/proxies.ts';
import { createProxyRules, type Env } from '../../../src/config/proxies/rules.ts';
import { thrown } from '../../helpers/thrown.ts';

const label = (env: Env, url: string): string | undefined =>
  createProxyRules(env)(new URL(url)).proxy?.label;

describe('NO_PROXY', () => {
  const NO_PROXY =
    'foobar.com, .below.net,*.wild.io ,192.168.1.1, 192.168.1.2:81,192.168.1.3:80, 10.0.0.0/30,' +
    '2001:db8::52:0:1,[2001:db8::52:0:2]:443,[2001:db8::52:0:3]:80,2002:db8:a::45/64,' +
    ' Mixed.Case ,ported.org:8080,dir/ty,:99,,10.9.9.9/33,bücher.example';
  const env = { HTTP_PROXY: 'http://p:3128', NO_PROXY };

  it.each([
    // This machine is never reached through a proxy.
    ['localhost', 'direct'],
    ['127.0.0.1', 'direct'],
    ['127.0.0.2', 'direct'],
    ['[::1]', 'direct'],
    ['[::ffff:127.0.0.1]', 'direct'],
    ['[::2]', 'proxy'],
    ['localhost.net', 'proxy'],
    ['local.localhost', 'proxy'],
    // Addresses, with and without a port.
    ['192.168.1.1', 'direct'],
    ['192.168.1.1:5000', 'direct'],
    ['192.168.1.2', 'proxy'],
    ['192.168.1.2:81', 'direct'],
    ['192.168.1.3', 'direct'],
    ['192.168.1.3:81', 'proxy'],
    ['192.168.1.4', 'proxy'],
    ['[2001:db8::52:0:1]', 'direct'],
    ['[2001:db8::52:0:2]', 'proxy'],
    ['[2001:db8::52:0:2]:443', 'direct'],
    ['[2001:db8::52:0:3]', 'direct'],
    ['[::ffff:192.168.1.1]', 'direct'],
    // Networks.
    ['10.0.0.2', 'direct'],
    ['10.0.0.4', 'proxy'],
    ['[2002:db8:a::123]', 'direct'],
    ['[fe80::424b:c8be:1643:a1b6]', 'proxy'],
    ['10.9.9.9', 'proxy'],
    // Names.
    ['foobar.com', 'direct'],
    ['www.foobar.com', 'direct'],
    ['FOOBAR.com:8443', 'direct'],
    ['foofoobar.com', 'proxy'],
    ['foobar.com.evil.example', 'proxy'],
    ['below.net', 'proxy'],
    ['www.below.net', 'direct'],
    ['a.b.below.net', 'direct'],
    ['notbelow.net', 'proxy'],
    ['wild.io', 'proxy'],
    ['nested.wild.io', 'direct'],
    ['awild.io', 'proxy'],
    ['mixed.case', 'direct'],
    ['ported.org', 'proxy'],
    ['ported.org:8080', 'direct'],
    ['sub.ported.org:8080', 'direct'],
    ['a:99', 'proxy'],
    ['bücher.example', 'direct'],
  ])('%s → %s', (host, expected) => {
    expect(label(env, `http://${host}/v2/`)).toBe(
      expected === 'proxy' ? 'http://p:3128' : undefined,
    );
  });

  it('"*" alone exempts everything, wherever it stands', () => {
    for (const all of ['*', 'a.com, * ,b.com']) {
      expect(label({ HTTPS_PROXY: 'http://p:1', NO_PROXY: all }, 'https://a.example/')).toBe(
        undefined,
      );
    }
    expect(label({ HTTPS_PROXY: 'p:1', NO_PROXY: 'a*' }, 'https://a.example/')).toBe('http://p:1');
  });

  it('names the entry that matched', () => {
    const rules = createProxyRules({ HTTPS_PROXY: 'http://u:canary@p', no_proxy: 'x.io,.corp' });
    expect(rules(new URL('https://r.corp/')).reason).toBe('no_proxy has .corp');
    expect(rules(new URL('https://r.io/')).reason).toBe('HTTPS_PROXY is set');
    expect(rules(new URL('http://r.io/')).reason).toBe('HTTP_PROXY is not set');
    expect(rules(new URL('https://localhost:5000/')).reason).toContain('this machine');
  });
});

describe('HTTP_PROXY and HTTPS_PROXY', () => {
  it.each<[Env, string, string | undefined]>([
    [{}, 'https://r.io/', undefined],
    [{ HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' }, 'https://r.io/', 'http://s:1'],
    [{ HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' }, 'http://r.io/', 'http://p:2'],
    [{ HTTP_PROXY: 'http://p:2' }, 'https://r.io/', undefined],
    [{ ALL_PROXY: 'http://p:2' }, 'https://r.io/', undefined],
    [
      { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' },
      'https://r.io/',
      'http://upper:80',
    ],
    [{ HTTPS_PROXY: '', https_proxy: 'http://lower' }, 'https://r.io/', 'http://lower:80'],
    [{ HTTPS_PROXY: 'p.corp:3128' }, 'https://r.io/', 'http://p.corp:3128'],
    [{ HTTPS_PROXY: 'p.corp' }, 'https://r.io/', 'http://p.corp:80'],
    [{ HTTPS_PROXY: ' https://p.corp ' }, 'https://r.io/', 'https://p.corp:443'],
    [{ HTTPS_PROXY: 'https://p.corp:80' }, 'https://r.io/', 'https://p.corp:80'],
    [
      { HTTPS_PROXY: 'HTTP://u:p@[2001:db8::1]:8080/x' },
      'https://r.io/',
      'http://[2001:db8::1]:8080',
    ],
    [{ HTTPS_PROXY: 'socks5://p.corp' }, 'https://r.io/', 'socks5://p.corp:1080'],
    [{ HTTPS_PROXY: 'socks5h://p.corp:80' }, 'https://r.io/', 'socks5://p.corp:80'],
    // A CGI program's HTTP_PROXY is a header of somebody's request.
    [{ REQUEST_METHOD: 'GET', HTTP_PROXY: 'http://evil' }, 'http://r.io/', undefined],
    [
      { REQUEST_METHOD: 'GET', HTTP_PROXY: 'http://evil', http_proxy: 'p:1' },
      'http://r.io/',
      'http://p:1',
    ],
    [{ REQUEST_METHOD: 'GET', HTTPS_PROXY: 'http://p:1' }, 'https://r.io/', 'http://p:1'],
  ])('%j: %s → %s', (env, url, expected) => expect(label(env, url)).toBe(expected));

  it('takes the login apart, percent-encoded as it is, and keeps it out of the label', () => {
    const rules = createProxyRules({ HTTPS_PROXY: 'http://ja%40ne:c%3Aanary%2F1@p.corp:3128' });
    const { proxy } = rules(new URL('https://r.io/'));
    expect(proxy).toMatchObject({
      username: 'ja@ne',
      password: 'c:anary/1',
      origin: 'HTTPS_PROXY',
    });
    expect(proxy?.label).toBe('http://p.corp:3128');
  });

  it.each(['ftp://u:canary@p', 'http://u:canary@p:99999', 'http://u:canary@', 'http://u:%zz@p'])(
    'refuses %s without showing it',
    (value) => {
      const rules = createProxyRules({ HTTPS_PROXY: value });
      const error = thrown(() => rules(new URL('https://r.io/')));
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(`${error.message} ${error.hint}`).toContain('HTTPS_PROXY');
      expect(`${error.message} ${error.hint}`).not.toContain('canary');
    },
  );

  it('does not mind an unusable proxy that nobody needs', () => {
    expect(label({ HTTPS_PROXY: 'ftp://p' }, 'http://r.io/')).toBe(undefined);
    expect(label({ HTTPS_PROXY: 'ftp://p', NO_PROXY: 'r.io' }, 'https://r.io/')).toBe(undefined);
  });
});

describe("Docker's proxies section", () => {
  const config = parseDockerConfig(
    JSON.stringify({
      proxies: {
        default: { httpProxy: 'http://d:1', httpsProxy: 'http://d:2', noProxy: '.corp' },
        'tcp://daemon:2376': { httpsProxy: 'http://other:3' },
      },
    }),
    '/d/config.json',
  );
  const choose = (env: Env, url: string): unknown =>
    createProxyRules(env, dockerProxies(config))(new URL(url));

  it('answers for variables that the environment does not define', () => {
    expect(choose({}, 'https://r.io/')).toMatchObject({
      proxy: { label: 'http://d:2', origin: 'proxies.default.httpsProxy of /d/config.json' },
    });
    expect(choose({}, 'http://r.io/')).toMatchObject({ proxy: { label: 'http://d:1' } });
    expect(choose({}, 'https://a.corp/')).toMatchObject({
      proxy: undefined,
      reason: 'proxies.default.noProxy of /d/config.json has .corp',
    });
    expect(choose({ HTTPS_PROXY: 'http://e:9' }, 'https://r.io/')).toMatchObject({
      proxy: { label: 'http://e:9' },
    });
  });

  it('an empty variable means none', () => {
    expect(choose({ https_proxy: '' }, 'https://r.io/')).toMatchObject({ proxy: undefined });
    expect(choose({ NO_PROXY: '' }, 'https://a.corp/')).toMatchObject({
      proxy: { label: 'http://d:2' },
    });
  });

  it.each(['{"proxies":[]}', '{"proxies":{"default":{"httpsProxy":1}}}'])('refuses %s', (text) => {
    expect(thrown(() => dockerProxies(parseDockerConfig(text, '/d/config.json')))).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
