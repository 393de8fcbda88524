import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from '../../helpers/authority.ts';
import { CLOSED_PORT } from '../../helpers/ports.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import { codeOf } from '../../helpers/thrown.ts';
import {
  BASIC,
  chainOf,
  everything,
  policies,
  rootsOf,
  START,
  testClient,
  tokenRegistry,
} from '../setup.ts';

describe('the way to a registry, step by step', () => {
  let authority: Authority;
  beforeAll(async () => {
    authority = await makeAuthority();
  });
  afterAll(() => authority[Symbol.asyncDispose]());
  const nothing = (): undefined => undefined;

  it('TCP, by its name and without a byte sent', async () => {
    await using server = await startScriptedServer(nothing);
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    await using client = testClient({ lookup });
    const probe = await client.probe();
    const registry = `registry.example:${server.port}`;
    const url = new URL(`https://${registry}/`);
    expect(await probe.addresses('registry.example')).toEqual(['127.0.0.1']);
    expect(await probe.connect(url, registry)).toBe(server.host);
    expect(server.lines).toEqual([]);
    const closed = `127.0.0.1:${CLOSED_PORT}`;
    const refused = probe.connect(new URL(`https://${closed}/`), closed);
    await expect(refused).rejects.toThrow(`${closed}: connection refused`);
  });

  it('a name without an address is an error with a cure', async () => {
    const lookup = async () => {
      throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    };
    await using client = testClient({ lookup });
    const probe = await client.probe();
    await expect(probe.addresses('registry.example')).rejects.toMatchObject({
      code: 'NETWORK',
      message: 'cannot reach registry.example: no such host',
    });
  });

  it('tells TLS from what is none', async () => {
    const tls = authority.issue({ cn: 'one', names: ['localhost'] });
    await using secure = await startScriptedServer(nothing, { tls });
    await using plain = await startScriptedServer(nothing);
    await using client = testClient();
    const probe = await client.probe();
    const speaks = (host: string) => probe.speaksTls(new URL(`https://${host}/`), host);
    expect(await speaks(secure.host)).toBe(true);
    expect(await speaks(plain.host)).toBe(false);
  });

  it('a verified handshake names its chain and the list that its root is from', async () => {
    const tls = authority.issue({ cn: 'one', names: ['localhost'] });
    await using server = await startScriptedServer(nothing, { tls });
    const host = `localhost:${server.port}`;
    const url = new URL(`https://${host}/`);
    const certificateFiles = { folder: '/certs.d/one', ca: [], clientCertificates: [] };
    const own = { [host]: { scheme: 'https' as const, ca: [authority.ca], certificateFiles } };
    await using byHost = testClient({ policies: policies(own) });
    const seen = await (await byHost.probe()).handshake(url, host);
    expect(seen).toMatchObject({ protocol: 'TLSv1.3', verified: true, rootSource: '/certs.d/one' });
    expect(seen.chain.map(({ subject }) => subject)).toEqual(['CN=one', 'CN=Canary CA']);
    expect(seen.chain[0]?.issuer).toBe('CN=Canary CA');

    await using byMachine = testClient({ roots: rootsOf(authority.ca) });
    const wide = await (await byMachine.probe()).handshake(url, host);
    expect(wide).toMatchObject({ verified: true, rootSource: '/roots.pem (the system)' });

    await using stranger = testClient();
    const refused = (await stranger.probe()).handshake(url, host);
    expect(await codeOf(refused)).toBe('TLS');
    expect(server.lines).toEqual([]);
  });

  it('a handshake that need not be verified says what is wrong', async () => {
    const tls = authority.issue({ cn: 'old', names: ['localhost'], from: -9, to: -3 });
    await using server = await startScriptedServer(nothing, { tls });
    const host = `localhost:${server.port}`;
    await using client = testClient({
      policies: policies({ [host]: { scheme: 'probe', verifyTls: false, ca: [authority.ca] } }),
    });
    const seen = await (await client.probe()).handshake(new URL(`https://${host}/`), host);
    expect(seen).toMatchObject({
      verified: false,
      verificationError: 'its certificate has expired',
    });
    expect(seen.rootSource).toBeUndefined();
  });

  it('stops when it is told to', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const host = `127.0.0.1:${port}`;
    const client = testClient();
    const probe = await client.probe();
    const stop = new AbortController();
    const looking = probe.handshake(new URL(`https://${host}/`), host, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(looking).rejects.toThrow('enough');
    await client.close();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('fetches a token anew, keeps it to itself and asks with it', async () => {
    await using server = await tokenRegistry();
    await using client = testClient({ credentials: chainOf(BASIC) });
    const probe = await client.probe();
    const base = new URL(`${server.origin}/v2/`);
    const realm = new URL(`${server.origin}/token`);
    const question = {
      auth: { registry: server.host, scopes: [] },
      url: base,
      offers: [{ kind: 'bearer' as const, realm, service: 'reg' }],
      scopes: ['repository:team/app:pull'],
    };
    const given = await probe.obtainFreshAuthorization(question);
    expect(given).toMatchObject({
      kind: 'token',
      origin: '--creds',
      scopes: ['repository:team/app:pull'],
      claims: undefined,
      renewAt: START + 270_000,
    });
    expect(JSON.stringify(given)).not.toContain('token-1');
    const response = await given?.ask(base);
    expect(response?.status).toBe(200);
    expect(response?.credentials).toEqual({ sent: true, origin: '--creds' });
    await probe.obtainFreshAuthorization(question);
    expect(server.lines.filter((line) => line.includes('/token'))).toHaveLength(2);
    expect(client.logged.join('\n')).not.toContain('token-1');
  });

  it('never takes credentials to a realm that is not trusted', async () => {
    await using server = await startScriptedServer(nothing);
    await using client = testClient({ credentials: chainOf(BASIC) });
    const probe = await client.probe();
    const realm = new URL('https://evil.example/token');
    const url = new URL('https://registry.corp/v2/');
    expect(await probe.evaluateRealm('registry.corp', url, realm)).toMatchObject({
      verdict: 'untrusted',
    });
    const auth = { registry: 'registry.corp', scopes: [] };
    const offers = [{ kind: 'bearer' as const, realm }];
    expect(await codeOf(probe.obtainFreshAuthorization({ auth, url, offers, scopes: [] }))).toBe(
      'REALM_UNTRUSTED',
    );
    expect(everything(server)).toBe('[]');
  });
});
