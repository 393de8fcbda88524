import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from '../../helpers/authority.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import {
  bodyText,
  clientOn,
  TRANSFER_CLASSES,
  policies,
  rootsOf,
  type testClient as makeClient,
  type TestClient,
} from '../setup.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await makeAuthority();
});
afterAll(() => authority[Symbol.asyncDispose]());

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly why: readonly string[];
  readonly hint: string;
  readonly details: { readonly certificate: unknown };
}

async function failureOf(client: TestClient, url: string): Promise<Failure> {
  const answer = client.request({ method: 'GET', url: new URL(url) });
  return (await answer.then(
    () => expect.fail('it was trusted'),
    (error: unknown) => error,
  )) as Failure;
}

async function startTls(
  options: TlsOptions,
): Promise<AsyncDisposable & { host: string; connections: () => number }> {
  let connections = 0;
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
  });
  server.on('tlsClientError', () => undefined);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const trustingOf = (create: typeof makeClient) => (): TestClient =>
  create({ policies: (host) => policies({ [host]: { ca: [authority.ca] } })(host) });

describe.each(TRANSFER_CLASSES)('a certificate that is refused (%s)', (lane) => {
  const testClient = clientOn(lane);
  const trusting = trustingOf(testClient);
  it('of an unknown authority: subject, issuer, dates, and the file that cures it', async () => {
    const pair = authority.issue({ cn: 'localhost', names: ['localhost'] });
    await using server = await startTls(pair);
    await using client = testClient();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.code).toBe('TLS');
    expect(failure.message).toMatch(/authority that this machine does not trust$/u);
    expect(failure.why.join('; ')).toMatch(
      /^subject CN=localhost; issuer CN=Canary CA; valid from \d{4}-\d\d-\d\dT[\d:]+Z to \d{4}-/u,
    );
    expect(failure.hint).toContain('the CA "CN=Canary CA"');
    expect(failure.hint).toContain(`/etc/docker/certs.d/${server.host}/ca.crt`);
    expect(failure.hint).toContain(`~/.config/containers/certs.d/${server.host}/ca.crt`);
    expect(failure.details.certificate).toMatchObject({ names: ['localhost'], selfSigned: false });
  });

  it('signed by itself', async () => {
    await using server = await startTls(authority.selfSigned('localhost'));
    await using client = testClient();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.why).toEqual(expect.arrayContaining(['subject CN=localhost', 'self-signed']));
    expect(failure.hint).toContain('If you trust it, save it in PEM form as /etc/docker/certs.d/');
  });

  it('expired, with the date', async () => {
    const pair = authority.issue({ cn: 'old', names: ['localhost'], from: -30, to: -3 });
    await using server = await startTls(pair);
    await using client = trusting();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.message).toMatch(/has expired$/u);
    expect(failure.why.join('; ')).toMatch(/subject CN=old; .* to \d{4}-/u);
    expect(failure.hint).toContain('clock');
  });

  it('not valid yet: the clock', async () => {
    const pair = authority.issue({ cn: 'new', names: ['localhost'], from: 3, to: 30 });
    await using server = await startTls(pair);
    await using client = trusting();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.message).toMatch(/is not valid yet$/u);
    expect(failure.why).toContain('subject CN=new');
    expect(failure.hint).toBe('Check the clock of this machine.');
  });

  it('for another name: the names it has, without their control characters', async () => {
    const pair = authority.issue({ cn: 'other', names: ['a.corp', '*.b.corp'] });
    await using server = await startTls(pair);
    await using client = trusting();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.message).toMatch(/another host name$/u);
    expect(failure.why.slice(0, 2)).toEqual(['it is for a.corp, *.b.corp', 'subject CN=other']);
  });

  it('costs one look, however many requests fail', async () => {
    await using server = await startTls(authority.selfSigned('localhost'));
    await using client = testClient({ roots: rootsOf(authority.ca) });
    await failureOf(client, `https://${server.host}/`);
    const first = server.connections();
    await failureOf(client, `https://${server.host}/`);
    expect(first).toBe(3);
    expect(server.connections()).toBe(4);
  });
});

describe.each(TRANSFER_CLASSES)('the trust of the machine (%s)', (lane) => {
  const testClient = clientOn(lane);
  it('is asked when the CA of the host does not do, by all connections at once', async () => {
    const other = await makeAuthority();
    const pair = authority.issue({ cn: 'localhost', names: ['localhost'] });
    await using server = await startTls(pair);
    await using client = testClient({
      policies: (host) => policies({ [host]: { ca: [other.ca] } })(host),
      roots: rootsOf(authority.ca),
    });
    const url = new URL(`https://${server.host}/`);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(async () => bodyText(await client.request({ method: 'GET', url }))),
    );
    expect(answers).toEqual(['ok', 'ok', 'ok', 'ok']);
    await other[Symbol.asyncDispose]();
  });

  it('can be all there is', async () => {
    const pair = authority.issue({ cn: 'localhost', names: ['localhost'] });
    await using server = await startTls(pair);
    const exclusive = { ...rootsOf(authority.ca), exclusive: true };
    await using client = testClient({ roots: exclusive });
    const url = new URL(`https://${server.host}/`);
    expect(await bodyText(await client.request({ method: 'GET', url }))).toBe('ok');
    expect(server.connections()).toBe(1);
  });
});

describe.each(TRANSFER_CLASSES)('client certificates (%s)', (lane) => {
  const testClient = clientOn(lane);
  const trusting = trustingOf(testClient);
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are shown to their host alone (%s)',
    async (version) => {
      const pair = authority.issue({ cn: 'localhost', names: ['localhost'] });
      const mine = authority.issue({ cn: 'jane', names: [] });
      await using server = await startTls({
        ...pair,
        ca: authority.ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      });
      const url = new URL(`https://${server.host}/`);
      await using known = testClient({
        policies: (host) =>
          policies({ [host]: { ca: [authority.ca], clientCertificates: [mine] } })(host),
      });
      expect(await bodyText(await known.request({ method: 'GET', url }))).toBe('ok');

      // In TLS 1.3 Node's server hangs up without an alert; test/e2e/tls-real has one that sends it.
      if (version === 'TLSv1.3') return;
      await using unknown = trusting();
      const failure = await failureOf(unknown, url.href);
      expect(failure.code).toBe('TLS');
      expect(`${failure.message} ${failure.hint}`).toMatch(/client certificate.*client\.cert/u);
    },
  );

  it('that do not fit their key are named', async () => {
    const one = authority.issue({ cn: 'one', names: [] });
    const two = authority.issue({ cn: 'two', names: [] });
    await using client = testClient({
      policies: (host) =>
        policies({
          [host]: {
            clientCertificates: [{ cert: one.cert, key: two.key }],
            certificateFiles: { folder: '/etc/docker/certs.d/r', ca: [], clientCertificates: [] },
          },
        })(host),
    });
    const failure = await failureOf(client, 'https://localhost:1/');
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(failure.message).toContain('/etc/docker/certs.d/r');
  });
});

describe.each(TRANSFER_CLASSES)('the wrong protocol (%s)', (lane) => {
  const testClient = clientOn(lane);
  const trusting = trustingOf(testClient);
  it('TLS that is too old', async () => {
    const pair = authority.issue({ cn: 'localhost', names: ['localhost'] });
    await using server = await startTls({
      ...pair,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await using client = trusting();
    const failure = await failureOf(client, `https://${server.host}/`);
    expect(failure.message).toContain('does not support TLS 1.2 or 1.3');
  });

  it('HTTP where TLS is expected', async () => {
    await using server = await startScriptedServer(() => ({ status: 200 }));
    await using client = testClient();
    const failure = await failureOf(client, server.origin.replace('http:', 'https:'));
    expect(failure.hint).toContain('--plain-http');
  });

  it('TLS where HTTP is expected', async () => {
    const server = createServer((socket) => {
      // What a TLS server answers to a request in clear: an alert.
      socket.on('error', () => undefined).end(Buffer.from([0x15, 3, 1, 0, 2, 2, 10]));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    await using client = testClient();
    const failure = await failureOf(
      client,
      `http://localhost:${(server.address() as AddressInfo).port}/`,
    );
    expect(failure.hint).toContain('remove --plain-http');
    server.close();
  });
});
