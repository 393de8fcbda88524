import { describe, expect, it } from 'vitest';
import { evaluateRealm } from '../../../src/http/auth/realm-trust.ts';

async function judge(
  registry: string,
  from: string,
  realm: string,
  allow?: string,
): Promise<string> {
  const { verdict } = await evaluateRealm({
    registry,
    registryUrl: new URL(from),
    realm: new URL(realm),
    allowed: (name, host) => `${name} ${host}` === allow,
  });
  return verdict;
}

describe('evaluateRealm', () => {
  it.each([
    ['docker.io', 'https://registry-1.docker.io/', 'https://auth.docker.io/token'],
    ['docker.io', 'https://mirror.example/', 'https://auth.docker.io/token'],
    ['ghcr.io', 'https://ghcr.io/', 'https://ghcr.io/token'],
    ['lscr.io', 'https://lscr.io/', 'https://ghcr.io/token'],
    ['rg.fr-par.scw.cloud', 'https://rg.fr-par.scw.cloud/', 'https://api.scaleway.com/x'],
    ['registry.gitlab.com', 'https://registry.gitlab.com/', 'https://gitlab.com/jwt/auth'],
    ['r.example:5000', 'https://r.example:5000/', 'https://r.example:5001/token'],
    ['localhost:5000', 'http://localhost:5000/', 'http://127.0.0.1:5001/token'],
    ['localhost:5000', 'http://localhost:5000/', 'http://[::1]:5001/token'],
    ['10.0.0.1:5000', 'http://10.0.0.1:5000/', 'http://10.0.0.1/token'],
  ])('%s trusts, from %s, %s', async (registry, from, realm) => {
    expect(await judge(registry, from, realm)).toBe('trusted');
  });

  it.each([
    ['ghcr.io', 'https://ghcr.io/', 'https://evil.example/token'],
    ['ghcr.io', 'https://ghcr.io/', 'https://auth.docker.io/token'],
    ['docker.io', 'https://mirror.example/', 'https://auth.docker.io:8443/token'],
    ['docker.io', 'https://mirror.example/', 'https://auth.docker.io.evil.example/token'],
    ['lscr.io.evil.example', 'https://lscr.io.evil.example/', 'https://ghcr.io/token'],
    ['a.github.io', 'https://a.github.io/', 'https://b.github.io/token'],
    ['a.co.uk', 'https://a.co.uk/', 'https://b.co.uk/token'],
    ['8.8.8.8', 'https://8.8.8.8/', 'https://8.8.4.4/token'],
    ['localhost:5000', 'http://localhost:5000/', 'http://evil.example/token'],
    ['r1', 'http://r1/', 'http://r2/token'],
  ])('%s does not trust, from %s, %s', async (registry, from, realm) => {
    expect(await judge(registry, from, realm)).toBe('untrusted');
  });

  it.each([
    ['https://ghcr.io/', 'http://ghcr.io/token'],
    ['https://ghcr.io/', 'file:///etc/passwd'],
    ['https://ghcr.io/', 'https://169.254.169.254/token'],
    ['https://ghcr.io/', 'https://[::ffff:169.254.169.254]/token'],
    ['https://ghcr.io/', 'https://localhost./token'],
    ['https://ghcr.io/', 'https://10.0.0.1/token'],
    ['https://ghcr.io/', 'https://0.0.0.0/token'],
    ['http://localhost:5000/', 'http://169.254.169.254/token'],
  ])('nothing makes up, from %s, for %s', async (from, realm) => {
    const { host } = new URL(realm);
    expect(await judge('ghcr.io', from, realm, `ghcr.io ${host}`)).toBe('forbidden');
  });

  it('lets the user allow one pair, for that registry and host:port only', async () => {
    const allow = 'r.example auth.other:8443';
    const realm = 'https://auth.other:8443/t';
    expect(await judge('r.example', 'https://r.example/', realm, allow)).toBe('trusted');
    expect(await judge('s.example', 'https://s.example/', realm, allow)).toBe('untrusted');
    expect(await judge('r.example', 'https://r.example/', 'https://auth.other/t', allow)).toBe(
      'untrusted',
    );
  });
});
