import { describe, expect, it } from 'vitest';
import { apiCheck } from '../../../../src/commands/doctor/checks/api.ts';
import { challengeCheck } from '../../../../src/commands/doctor/checks/challenge.ts';
import { CHECKS } from '../../../../src/commands/doctor/index.ts';
import { dnsCheck } from '../../../../src/commands/doctor/checks/network.ts';
import { nameCheck } from '../../../../src/commands/doctor/checks/name.ts';
import { proxyCheck } from '../../../../src/commands/doctor/checks/proxy.ts';
import { schemeCheck } from '../../../../src/commands/doctor/checks/scheme.ts';
import { tlsCheck } from '../../../../src/commands/doctor/checks/tls.ts';
import { emptyRegistries } from '../../../../src/config/containers/registries.ts';
import type { AuthChallenge } from '../../../../src/http/auth/challenge.ts';
import type { ConnectionReport } from '../../../../src/http/probe/connection-report.ts';
import type { HandshakeReport } from '../../../../src/http/probe/handshake-report.ts';
import type { Probe } from '../../../../src/http/probe/probe.ts';
import { codeOf } from '../../../helpers/thrown.ts';
import { fakeContext } from '../../fake-context.ts';
import {
  BASE,
  BASIC_DEMAND,
  BEARER,
  HOST,
  NOW,
  answering,
  connection,
  probe,
  reply,
  run,
  textOf,
} from '../setup.ts';

describe('the list of checks', () => {
  it('gives every fact before it is needed, and each once', () => {
    const known = new Set<string>(['target']);
    for (const { needs, gives } of CHECKS) {
      for (const need of needs) expect(known).toContain(need);
      for (const fact of gives) {
        expect(known).not.toContain(fact);
        known.add(fact);
      }
    }
    expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
  });
});

describe('name and way', () => {
  it('says what Docker Hub is, where mirrors are, and where a rewrite leads', async () => {
    const target = { registry: 'docker.io', repository: 'library/busybox' };
    const registries = {
      ...emptyRegistries([]),
      route: () => ({
        primary: { registry: 'docker.io', repository: 'library/busybox' },
        mirrors: [
          { registry: 'one.corp', repository: 'hub/library/busybox', use: 'all' as const },
          { registry: 'two.corp', repository: 'x', use: 'digest-only' as const },
        ],
      }),
    };
    const named = await run(nameCheck, { target }, fakeContext({ registries: () => registries }));
    expect(named.detail).toEqual([
      'docker.io, served by registry-1.docker.io (Docker Hub)',
      'asked first: one.corp/hub/library/busybox',
      'asked next: two.corp/x (by digest only)',
    ]);
    expect(named.facts?.mirrors).toHaveLength(2);
  });

  it('takes plain HTTP to the plain port', async () => {
    const seen: string[] = [];
    const explain = (url: URL): ConnectionReport => {
      seen.push(url.href);
      return connection({ scheme: 'http' });
    };
    const found = await run(proxyCheck, { probe: probe({ explain }) });
    expect(found.facts?.route?.url.href).toBe('http://r.example/');
    expect(seen).toEqual(['https://r.example/', 'http://r.example/']);
  });

  it('looks up the proxy where there is one', async () => {
    const names: string[] = [];
    const addresses = async (name: string) => {
      names.push(name);
      return ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
    };
    const proxy = { label: 'socks5://proxy.corp:1080', origin: 'ALL' };
    const route = { url: BASE, connection: connection({ proxy }) };
    const found = await run(dnsCheck, { route, probe: probe({ addresses }) });
    expect(names).toEqual(['proxy.corp']);
    expect(found.detail).toBe(
      'proxy.corp is 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 1 more; the proxy looks up the registry',
    );
    const ip = { url: new URL('https://[::1]:5000/'), connection: connection() };
    const address = await run(dnsCheck, { route: ip, probe: probe() });
    expect(address).toMatchObject({ verdict: 'skipped', detail: '::1 is an address' });
    expect(address.facts?.resolved).toBe(true);
  });

  it('warns of plain HTTP over a network, and of HTTPS that is none', async () => {
    const route = { url: BASE, connection: connection({ scheme: 'probe' }) };
    const endpoint = async (): Promise<URL> => new URL('http://r.example/');
    const plain = await run(schemeCheck, { route, probe: probe() }, fakeContext({ endpoint }));
    expect(plain.verdict).toBe('warning');
    expect(plain.hint).toContain('--plain-http');
    const none = await run(schemeCheck, { probe: probe({ speaksTls: async () => false }) });
    expect(none.verdict).toBe('failed');
    expect(none.facts?.base).toBeUndefined();
  });
});

describe('tls', () => {
  const handshake = (change: Partial<HandshakeReport> = {}, days = 100): Probe => {
    const validTo = new Date(NOW + days * 86_400_000 + 1000).toISOString();
    const link = { subject: 'CN=r', issuer: 'CN=R3', validFrom: '2026-01-01T00:00:00Z', validTo };
    const root = { ...link, subject: 'CN=R3', validTo: '2020-01-01T00:00:00Z' };
    const seen = {
      protocol: 'TLSv1.3',
      verified: true,
      verificationError: undefined,
      chain: [link, root],
    };
    return probe({ handshake: async () => ({ ...seen, rootSource: '/ca.crt', ...change }) });
  };

  it.each([
    [14, 'ok', '14 days left'],
    [13, 'warning', '13 days left'],
    [1, 'warning', '1 day left'],
  ])('%i days left: %s', async (days, verdict, text) => {
    const found = await run(tlsCheck, { probe: handshake({}, days) });
    expect(found.verdict).toBe(verdict);
    expect(textOf(found)).toContain(text);
    expect(textOf(found)).toContain('trusted by /ca.crt');
  });

  it('an unverified one is a warning that says why it would fail', async () => {
    const change = {
      verified: false,
      verificationError: 'its certificate has expired',
      rootSource: undefined,
    };
    const found = await run(tlsCheck, { probe: handshake(change, -3) });
    expect(found.verdict).toBe('warning');
    expect(textOf(found)).toContain('not verified, as you asked: its certificate has expired');
    expect(textOf(found)).not.toContain('trusted by');
  });

  it('plain HTTP has none, and later checks go on', async () => {
    const found = await run(tlsCheck, { base: new URL('http://r.example/'), probe: probe() });
    expect(found).toMatchObject({ verdict: 'skipped', facts: { secured: true } });
  });
});

describe('/v2/', () => {
  it('asks once, without credentials, and tells the software by its signs', async () => {
    const header = 'Bearer realm="https://r.example/service/token",service="harbor-registry"';
    const { context, seen } = answering(() => reply(401, { 'www-authenticate': header }));
    const found = await run(apiCheck, {}, context);
    expect(textOf(found)).toBe('HTTP 401, as Harbor answers');
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'GET', idempotent: false });
    expect(seen[0]?.auth).toBeUndefined();
  });

  it.each([
    [reply(200, { 'content-type': 'text/html' }, '<html>'), 'NOT_A_REGISTRY'],
    [reply(404, {}, 'not here'), 'NOT_A_REGISTRY'],
    [reply(403), 'FORBIDDEN'],
    [reply(503), 'REGISTRY_ERROR'],
  ])('an answer that is none: %#', async (response, code) => {
    const { context } = answering(() => response);
    expect(await codeOf(run(apiCheck, {}, context))).toBe(code);
  });
});

describe('challenge', () => {
  const answer = (challenge: AuthChallenge | undefined) => ({
    status: 401,
    headers: reply(401).headers,
    challenge,
    at: NOW,
  });

  it.each([
    ['trusted', 'ok', undefined],
    ['untrusted', 'warning', '--allow-realm auth.r.example'],
    ['forbidden', 'failed', 'operator'],
  ] as const)('a realm that is %s: %s', async (verdict, expected, hint) => {
    const evaluateRealm = async () => ({ verdict, rule: 'is somewhere' });
    const facts = { answer: answer(BEARER), probe: probe({ evaluateRealm }) };
    const found = await run(challengeCheck, facts);
    expect(found.verdict).toBe(expected);
    expect(found.hint ?? '').toContain(hint ?? '');
    expect(textOf(found)).toContain(
      'Bearer, tokens from https://auth.r.example/token?key=REDACTED',
    );
    expect(textOf(found)).not.toContain('canary');
    expect(found.facts?.challenge === undefined).toBe(expected === 'failed');
  });

  it('a realm that is no URL, a demand without a way in', async () => {
    const offers = [{ kind: 'bearer' as const }];
    const odd = await run(challengeCheck, {
      answer: answer({ offers, scopes: [] }),
      probe: probe(),
    });
    expect(odd.verdict).toBe('failed');
    const none = await run(challengeCheck, {
      answer: answer({ offers: [], scopes: [] }),
      probe: probe(),
    });
    expect(none.verdict).toBe('failed');
  });

  it('asks the repository where the registry itself is open', async () => {
    const { context, seen } = answering(() =>
      reply(401, { 'www-authenticate': 'Basic realm="x"' }),
    );
    const location = { registry: HOST, repository: 'team/app' };
    const found = await run(
      challengeCheck,
      { location, answer: answer(undefined), probe: probe() },
      context,
    );
    expect(found.facts?.challenge).toEqual(BASIC_DEMAND);
    expect(seen[0]?.url.pathname).toBe('/v2/team/app/tags/list');
  });
});
