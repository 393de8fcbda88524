import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { startSquid, type Squid } from '../helpers/squid.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const SECRET = 'canary-squid-91d4';
const LOGIN = { username: 'pete', password: SECRET };

/** Names that only the proxy can look up: whatever works here went through it. */
const NAMES = ['plain.corp', 'secure.corp'];

describeWith(['docker-registry', 'squid', 'htpasswd', 'openssl'], 'through squid', () => {
  let certificates: Certificates;
  let plain: DockerRegistry;
  let secure: DockerRegistry;
  let squid: Squid;
  let machine: Machine;
  let from: string;
  let to: string;

  beforeAll(async () => {
    certificates = await makeCertificates('secure.corp');
    [plain, secure, squid, machine] = await Promise.all([
      startDockerRegistry(),
      startDockerRegistry({ tls: certificates }),
      startSquid({ names: NAMES, login: LOGIN }),
      newMachine(),
    ]);
    await pushImage(plain.origin, 'app', ['v1'], await makeImage());
    from = `plain.corp:${plain.port}/app:v1`;
    to = `secure.corp:${secure.port}/app:v1`;
    const folder = `${machine.home}/.docker/certs.d/secure.corp:${secure.port}`;
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/ca.crt`, certificates.ca);
  });
  afterAll(async () => {
    await Promise.all(
      [plain, secure, squid, machine, certificates].map((one) => one[Symbol.asyncDispose]()),
    );
  });

  const proxy = (login = `${LOGIN.username}:${SECRET}@`): Record<string, string> => {
    const url = `http://${login}127.0.0.1:${squid.port}`;
    return { HTTP_PROXY: url, HTTPS_PROXY: url };
  };

  it('an image moves from HTTP, forwarded, to HTTPS, through a tunnel', async () => {
    const args = ['copy', '--debug', '--src-plain-http', from, to];
    const done = await machine.expect(0, args, { env: proxy() });
    expect(done.stdout).toMatch(/secure\.corp:\d+\/app:v1@sha256:/u);
    for (const text of [done.stdout, done.stderr]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(Buffer.from(`pete:${SECRET}`).toString('base64'));
    }
    // squid logs a request once it has answered, and a tunnel once it has seen both ends close.
    for (const line of [
      `CONNECT secure.corp:${secure.port} 200`,
      `GET http://${from.replace('/app:v1', '')}/v2/app/manifests/v1 200`,
    ])
      await expect.poll(() => squid.lines()).toContain(line);

    const back = await machine.expect(0, ['digest', to], { env: proxy() });
    expect(done.stdout).toContain(back.stdout.trim());
  });

  it("Docker's proxies section stands in for the variables", async () => {
    const url = `http://${LOGIN.username}:${SECRET}@127.0.0.1:${squid.port}`;
    const config = { proxies: { default: { httpProxy: url, httpsProxy: url } } };
    await writeFile(`${machine.home}/.docker/config.json`, JSON.stringify(config));
    await machine.expect(0, ['tags', '--plain-http', from.replace(':v1', '')]);
    await writeFile(`${machine.home}/.docker/config.json`, '{}');
    const alone = await machine.jsonError(1, ['tags', '--plain-http', from.replace(':v1', '')]);
    expect(alone.message).toContain('no such host');
  });

  it('without a login, and with a wrong one, the proxy is named and its secret is not', async () => {
    for (const [login, words] of [
      ['', 'asks for a login'],
      ['pete:wrong-canary@', 'rejected the login'],
    ] as const) {
      for (const args of [
        ['tags', to.replace(':v1', '')],
        ['tags', '--plain-http', from.replace(':v1', '')],
      ]) {
        const done = await machine.expect(1, args, { env: proxy(login) });
        expect(done.stderr).toContain(`http://127.0.0.1:${squid.port}`);
        expect(done.stderr).toContain(words);
        expect(done.stderr).not.toContain('wrong-canary');
        expect(done.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
      }
    }
  });

  it('a host that the proxy cannot find, and a port where nothing listens', async () => {
    const unknown = await machine.jsonError(1, ['tags', 'none.invalid/app'], { env: proxy() });
    // Without a name server squid says less.
    expect(unknown.message).toMatch(/finds no such host|did not connect/u);
    const closed = await machine.jsonError(1, ['tags', '--retry-times', '0', 'secure.corp:1/app'], {
      env: proxy(),
    });
    expect(closed.message).toMatch(/did not connect: HTTP 503/u);
  });

  it('NO_PROXY keeps the proxy out', async () => {
    const env = { ...proxy(), NO_PROXY: '.corp,plain.corp' };
    const args = ['tags', '--plain-http', from.replace(':v1', '')];
    expect((await machine.jsonError(1, args, { env })).message).toContain('no such host');
    await machine.expect(0, ['tags', `${plain.host}/app`], { env: proxy() });
    // squid logs in order: what it had to forward before stands above this one.
    await machine.expect(1, ['tags', '--plain-http', 'last.invalid/app'], { env: proxy() });
    const isLogged = async (name: string): Promise<boolean> =>
      (await squid.lines()).some((line) => line.includes(name));
    await expect.poll(() => isLogged('last.invalid')).toBe(true);
    expect(await isLogged(plain.host)).toBe(false);
  });
});
