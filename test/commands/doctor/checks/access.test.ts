import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Credential, TraceableCredentialChain } from '../../../../src/credentials/types.ts';
import { accessCheck } from '../../../../src/commands/doctor/checks/access.ts';
import { cacheCheck } from '../../../../src/commands/doctor/checks/cache.ts';
import { clockCheck } from '../../../../src/commands/doctor/checks/clock.ts';
import { credentialsCheck } from '../../../../src/commands/doctor/checks/credentials.ts';
import { mirrorsCheck } from '../../../../src/commands/doctor/checks/mirrors.ts';
import { rateLimitCheck } from '../../../../src/commands/doctor/checks/rate-limit.ts';
import { tokenCheck } from '../../../../src/commands/doctor/checks/token.ts';
import type { Context } from '../../../../src/commands/context.ts';
import { AppError } from '../../../../src/errors/app-error.ts';
import type { FreshAuthorization } from '../../../../src/http/probe/fresh-authorization.ts';
import type { Probe } from '../../../../src/http/probe/probe.ts';
import { codeOf } from '../../../helpers/thrown.ts';
import { fakeContext, noCredentials } from '../../fake-context.ts';
import {
  BASE,
  BASIC,
  BASIC_DEMAND,
  BEARER,
  HOST,
  NOW,
  REALM,
  answering,
  probe,
  reply,
  run,
  textOf,
} from '../setup.ts';

describe('credentials', () => {
  const chain = (login: Credential | undefined): TraceableCredentialChain => ({
    ...noCredentials(),
    lookup: async () => login,
    explain: async () => [
      { source: '/a', asked: true, answered: false, failed: false, detail: 'no such file' },
      { source: '/b', asked: true, answered: false, failed: false, detail: 'no such file' },
      { source: '/c', asked: true, answered: login !== undefined, failed: false, detail: 'by x' },
      { source: '/d', asked: false, answered: false, failed: false, detail: '/c answered' },
    ],
  });
  const withLogin = (login: Credential | undefined): Context =>
    fakeContext({ credentials: async () => chain(login) });

  it('says who answered and why others did not, and no secret', async () => {
    const found = await run(credentialsCheck, { challenge: BEARER }, withLogin(BASIC));
    expect(found.detail).toEqual([
      'user ann and a password',
      'from /c, by x',
      'no such file: /a, /b',
      'not asked: /d',
    ]);
  });

  it('none is a fault only where nobody gets in without', async () => {
    const basic = await run(credentialsCheck, { challenge: BASIC_DEMAND }, withLogin(undefined));
    expect(basic).toMatchObject({ verdict: 'failed', hint: `Log in: regctl login ${HOST}` });
    for (const challenge of [BEARER, 'none', undefined] as const) {
      const facts = challenge === undefined ? {} : { challenge };
      const found = await run(credentialsCheck, facts, withLogin(undefined));
      expect(found).toMatchObject({ verdict: 'ok', facts: { login: 'none' } });
    }
  });
});

describe('token, access and clock', () => {
  const token = (change: Partial<FreshAuthorization> = {}): FreshAuthorization => ({
    kind: 'token',
    origin: '--creds',
    scopes: [`repository:team/app:pull`],
    renewAt: NOW + 270_000,
    claims: undefined,
    ask: async () => reply(200),
    ...change,
  });
  const authorize = (given: FreshAuthorization | undefined): Probe =>
    probe({ obtainFreshAuthorization: async () => given });
  const APP = { registry: HOST, repository: 'team/app' };
  const claims = { notBefore: undefined, expires: NOW + 300_000 };

  it.each([
    [undefined, 'ok', 'a token for repository:team/app:pull, good for 270 s'],
    [
      { ...claims, access: ['repository:team/app:pull'] },
      'ok',
      'granted: repository:team/app:pull',
    ],
    [{ ...claims, access: [] }, 'warning', 'granted: nothing'],
  ])('what it grants: %#', async (seen, verdict, text) => {
    const facts = { location: APP, challenge: BEARER, login: BASIC };
    const found = await run(tokenCheck, { ...facts, probe: authorize(token({ claims: seen })) });
    expect(found.verdict).toBe(verdict);
    expect(textOf(found)).toContain(text);
  });

  it('asks for pulling the repository, and for what the challenge names', async () => {
    const asked: (readonly string[])[] = [];
    const noting = probe({
      obtainFreshAuthorization: async ({ scopes }) => {
        asked.push(scopes);
        return token();
      },
    });
    const challenge = { ...BEARER, scopes: ['registry:catalog:*'] };
    await run(tokenCheck, { location: APP, challenge, login: BASIC, probe: noting });
    await run(tokenCheck, { challenge, login: BASIC, probe: noting });
    expect(asked).toEqual([['repository:team/app:pull'], ['registry:catalog:*']]);
  });

  it('an anonymous refusal is a fault only for a repository', async () => {
    const refusing = probe({
      obtainFreshAuthorization: async () => {
        throw new AppError('TOKEN_FAILED', 'refused', { details: { status: 403 } });
      },
    });
    const facts = { challenge: BEARER, login: 'none' as const, probe: refusing };
    expect((await run(tokenCheck, facts)).verdict).toBe('warning');
    expect(await codeOf(run(tokenCheck, { ...facts, location: APP }))).toBe('TOKEN_FAILED');
    expect(await codeOf(run(tokenCheck, { ...facts, login: BASIC }))).toBe('TOKEN_FAILED');
  });

  it('needs none, or has none to offer', async () => {
    const facts = { login: BASIC, probe: authorize(token({ kind: 'basic', scopes: [] })) };
    expect((await run(tokenCheck, { ...facts, challenge: BASIC_DEMAND })).verdict).toBe('skipped');
    expect((await run(tokenCheck, { ...facts, challenge: 'none' })).facts?.authorization).toBe(
      'none',
    );
    const unmet = { challenge: BASIC_DEMAND, login: BASIC, probe: authorize(undefined) };
    expect((await run(tokenCheck, unmet)).verdict).toBe('failed');
  });

  it.each([
    [200, '--creds', 'ok'],
    [401, undefined, 'warning'],
    [403, undefined, 'warning'],
  ])('access to the registry: HTTP %i, login from %s: %s', async (status, origin, verdict) => {
    const authorization = token({ origin, ask: async () => reply(status) });
    expect((await run(accessCheck, { authorization })).verdict).toBe(verdict);
  });

  it('a refused login and a hidden repository fail', async () => {
    const { context } = answering(() => reply(200));
    const ask = async () => ({ ...reply(401), credentials: { sent: true, origin: '--creds' } });
    const refused = run(accessCheck, { authorization: token({ ask }) }, context);
    await expect(refused).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      why: expect.arrayContaining(['credentials from --creds were sent']) as string[],
    });
    const hidden = token({ origin: undefined, ask: async () => reply(404) });
    const gone = run(accessCheck, { location: APP, authorization: hidden }, context);
    expect(await codeOf(gone)).toBe('REPOSITORY_UNKNOWN');
  });

  const dated = (secondsAgo: number) => ({
    status: 200,
    headers: reply(200, { date: new Date(NOW - secondsAgo * 1000).toUTCString() }).headers,
    challenge: undefined,
    at: NOW,
  });

  it.each([
    [0, 'ok', 'agree'],
    [60, 'ok', 'agree'],
    [62, 'warning', 'ahead of the registry'],
    [-62, 'warning', 'behind the registry'],
  ])('a clock %i s apart: %s', async (seconds, verdict, text) => {
    const found = await run(clockCheck, { answer: dated(seconds) });
    expect(found.verdict).toBe(verdict);
    expect(textOf(found)).toContain(text);
  });

  it('a token from the future or the past is told, with or without a date', async () => {
    const early = token({ claims: { notBefore: NOW + 90_000, expires: undefined, access: [] } });
    const future = await run(clockCheck, { answer: dated(0), authorization: early });
    expect(future.verdict).toBe('warning');
    expect(textOf(future)).toContain('good only in 90 s');
    const late = token({ claims: { notBefore: undefined, expires: NOW, access: [] } });
    const undated = { ...dated(0), headers: reply(200).headers };
    const past = await run(clockCheck, { answer: undated, authorization: late });
    expect(textOf(past)).toBe('the token has expired by this clock');
    expect((await run(clockCheck, { answer: undated })).verdict).toBe('skipped');
  });
});

describe('mirrors, rate limit and cache', () => {
  it('each mirror is asked once; one that does not answer is a warning', async () => {
    const mirror = (registry: string) => ({ registry, repository: 'x', use: 'all' as const });
    const endpoint = async (registry: string): Promise<URL> => {
      if (registry === 'gone.corp') {
        throw new AppError('NETWORK', 'gone.corp: no such host', { hint: 'spell it' });
      }
      return new URL(`https://${registry}/`);
    };
    const { context, seen } = answering(({ url }) => reply(url.host === 'ill.corp' ? 503 : 200));
    const mirrors = [mirror('well.corp'), mirror('gone.corp'), mirror('ill.corp')];
    const found = await run(mirrorsCheck, { mirrors, probe: probe({ endpoint }) }, context);
    expect(found).toMatchObject({ verdict: 'warning', hint: 'spell it' });
    expect(found.detail).toEqual([
      'well.corp answers (HTTP 200, 0 ms)',
      'gone.corp: no such host',
      'ill.corp answers HTTP 503',
    ]);
    expect(seen.map(({ auth }) => auth)).toEqual([undefined, undefined]);
  });

  it.each([
    ['5;w=21600', 'ok', '5 of 100 pulls in 6 h are left, counted for 192.0.2.1'],
    ['0;w=21600', 'warning', '0 of 100 pulls'],
  ])('Docker Hub has %s left: %s', async (left, verdict, text) => {
    const headers = {
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': left,
      'docker-ratelimit-source': '192.0.2.1',
    };
    const { context, seen } = answering(() => reply(200, headers), {
      endpoint: async () => new URL('https://registry-1.docker.io/'),
    });
    const location = { registry: 'docker.io', repository: '' };
    const silent = await run(rateLimitCheck, { location }, context);
    expect(silent).toMatchObject({ verdict: 'skipped', detail: 'because it did not answer' });
    const answer = { status: 401, headers: reply(401).headers, challenge: undefined, at: NOW };
    const found = await run(rateLimitCheck, { location, answer }, context);
    expect(found.verdict).toBe(verdict);
    expect(textOf(found)).toContain(text);
    expect(seen.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('other registries are not asked for an allowance', async () => {
    expect((await run(rateLimitCheck, {})).verdict).toBe('skipped');
  });

  it('the cache: off, open to others, and what is in it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'regctl-doctor-'));
    const machine = { home, os: 'linux', uid: process.geteuid?.() };
    const off = await run(cacheCheck, {}, fakeContext({ env: { REGCTL_CACHE: 'off' }, machine }));
    expect(off.verdict).toBe('skipped');
    const folder = join(home, '.cache/regctl');
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const open = await run(cacheCheck, {}, fakeContext({ machine }));
    expect(open.verdict).toBe('warning');
    expect(open.hint).toContain(`chmod 700 ${folder}`);
    await rm(folder, { recursive: true });
    await mkdir(folder, { mode: 0o700 });
    const common = { registry: HOST, origin: BASE.origin, storedAt: NOW };
    const token = {
      ...common,
      realm: REALM.href,
      service: null,
      identity: 'x',
      scopes: [],
      value: 'canary',
      renewAt: NOW + 1000,
    };
    const challenge = { ...common, area: 'repository', offers: [{ kind: 'basic' }] };
    const other = { ...token, registry: 'other.example' };
    const document = { version: 1, tokens: [token, other], challenges: [challenge] };
    await writeFile(join(folder, 'tokens.json'), JSON.stringify(document), { mode: 0o600 });
    await writeFile(join(folder, 'tokens.key'), Buffer.alloc(32), { mode: 0o600 });
    const found = await run(cacheCheck, {}, fakeContext({ machine }));
    expect(found.detail).toBe(`1 token and 1 challenge of it in ${folder}`);
    await rm(home, { recursive: true });
  });
});
