import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from '../helpers/authority.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { CLOSED_PORT } from '../helpers/ports.ts';
import { startProxyServer } from '../helpers/proxy-server.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { startTokenServer } from '../helpers/token-server.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';
import type { RunOptions } from '../helpers/commands.ts';

const PASSWORD = 'canary-password-5b1f';

interface Report {
  readonly Registry: string;
  readonly Healthy: boolean;
  readonly Checks: readonly {
    readonly Name: string;
    readonly Verdict: string;
    readonly Detail: string;
    readonly Hint: string | null;
    readonly ElapsedMs: number;
  }[];
}

describeWith(['docker-registry', 'htpasswd', 'openssl'], 'doctor', () => {
  let machine: Machine;
  let certificates: Certificates;
  let authority: Authority;
  beforeAll(async () => {
    [machine, certificates, authority] = await Promise.all([
      newMachine(),
      makeCertificates(),
      makeAuthority(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([machine, certificates, authority].map((one) => one[Symbol.asyncDispose]()));
  });

  /** The report as verdicts by name; no output ever holds the canary. */
  const examine = async (args: readonly string[], options?: RunOptions) => {
    const done = await machine.regctl(['-o', 'json', 'doctor', ...args], options);
    const traced = await machine.regctl(['--debug', 'doctor', ...args], options);
    const encoded = Buffer.from(`ann:${PASSWORD}`).toString('base64');
    for (const text of [done.stdout, done.stderr, traced.stdout, traced.stderr]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(encoded);
      expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20,}/u);
    }
    const report = JSON.parse(done.stdout) as Report;
    expect(done.code, done.stdout).toBe(report.Healthy ? 0 : 1);
    expect(traced.code).toBe(done.code);
    return {
      healthy: report.Healthy,
      of: (name: string) => {
        const found = report.Checks.find((one) => one.Name === name);
        if (found === undefined) throw new Error(`no check ${name}`);
        return found;
      },
      failed: report.Checks.filter((one) => one.Verdict === 'failed').map((one) => one.Name),
      warned: report.Checks.filter((one) => one.Verdict === 'warning').map((one) => one.Name),
    };
  };
  const login = (host: string, password: string): Record<string, string> => ({
    DOCKER_AUTH_CONFIG: JSON.stringify({
      auths: { [host]: { auth: Buffer.from(`ann:${password}`).toString('base64') } },
    }),
  });

  it('a plain registry on this machine is healthy', async () => {
    await using registry = await startDockerRegistry();
    const report = await examine([registry.host]);
    expect(report.failed).toEqual([]);
    expect(report.warned).toEqual([]);
    expect(report.of('dns').Verdict).toBe('skipped');
    expect(report.of('tcp').Detail).toBe(`connected to ${registry.host}`);
    expect(report.of('scheme').Detail).toMatch(/^HTTP, /u);
    expect(report.of('tls').Verdict).toBe('skipped');
    expect(report.of('/v2/').Detail).toBe('HTTP 200, registry/2.0');
    expect(report.of('challenge').Detail).toBe('none: no login is asked for');
    expect(report.of('clock').Verdict).toBe('ok');
  });

  it('a repository is looked at too, and one that does not exist fails', async () => {
    await using registry = await startDockerRegistry();
    await pushImage(registry.origin, 'team/app', ['v1'], await makeImage());
    const there = await examine([`${registry.host}/team/app`]);
    expect(there.of('access').Detail).toBe('anyone may read team/app');
    const missing = await examine([`${registry.host}/team/none`]);
    expect(missing.failed).toEqual(['access']);
    expect(missing.of('access').Detail).toContain('404');
  });

  it('TLS: an unknown authority fails and names the cure; certs.d and --tls-verify=false', async () => {
    await using registry = await startDockerRegistry({ tls: certificates });
    const unknown = await examine([registry.host]);
    expect(unknown.failed).toEqual(['tls']);
    expect(unknown.of('tls').Detail).toContain('issuer CN=regctl test CA');
    expect(unknown.of('tls').Hint).toContain(`/etc/docker/certs.d/${registry.host}/ca.crt`);
    expect(unknown.of('/v2/').Detail).toBe('because tls failed');
    expect(unknown.of('clock').Detail).toBe('because tls failed');

    const lax = await examine(['--tls-verify=false', registry.host]);
    expect(lax.failed).toEqual([]);
    expect(lax.of('tls').Verdict).toBe('warning');
    expect(lax.of('tls').Detail).toContain('not verified');

    const folder = machine.dir.join('xdg/containers/certs.d', registry.host);
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/ca.crt`, certificates.ca);
    const known = await examine([registry.host]);
    expect(known.failed).toEqual([]);
    expect(known.of('files').Detail).toContain(`${folder}: 1 CA`);
    expect(known.of('tls').Detail).toContain(`trusted by ${folder}`);
    expect(known.of('tls').Detail).toMatch(
      /^TLSv1\.3, CN=localhost; issued by CN=regctl test CA; 20/u,
    );
    // The test's certificate is good for two days.
    expect(known.of('tls').Verdict).toBe('warning');
    expect(known.healthy).toBe(true);
  });

  it('an authority of the machine is named as the root', async () => {
    await using registry = await startDockerRegistry({ tls: certificates });
    const env = { NODE_EXTRA_CA_CERTS: certificates.caFile };
    const report = await examine([registry.host], { env });
    expect(report.failed).toEqual([]);
    expect(report.of('tls').Detail).toContain(
      `trusted by ${certificates.caFile} (NODE_EXTRA_CA_CERTS)`,
    );
  });

  it('an expired certificate', async () => {
    const tls = authority.issue({ cn: 'old', names: ['localhost'], from: -9, to: -3 });
    await using server = await startScriptedServer(() => undefined, { tls });
    const env = { NODE_EXTRA_CA_CERTS: authority.caFile };
    const report = await examine([`localhost:${server.port}`], { env });
    expect(report.failed).toEqual(['tls']);
    expect(report.of('tls').Detail).toContain('has expired');
    expect(report.of('tls').Hint).toContain('clock of this machine');
    expect(server.lines).toEqual([]);
  });

  it('htpasswd: without, with the wrong and with the right login', async () => {
    await using registry = await startDockerRegistry({
      htpasswd: { username: 'ann', password: PASSWORD },
    });
    const none = await examine([registry.host]);
    expect(none.failed).toEqual(['credentials']);
    expect(none.of('challenge').Detail).toBe('Basic');
    expect(none.of('credentials').Hint).toContain(`regctl login ${registry.host}`);
    expect(none.of('access').Detail).toBe('because credentials failed');

    const wrong = await examine([registry.host], { env: login(registry.host, `${PASSWORD}x`) });
    expect(wrong.failed).toEqual(['access']);
    expect(wrong.of('credentials').Detail).toContain('user ann and a password');
    expect(wrong.of('access').Detail).toContain('credentials from DOCKER_AUTH_CONFIG were sent');
    expect(wrong.of('access').Hint).toContain('Correct DOCKER_AUTH_CONFIG');

    const right = await examine([registry.host], { env: login(registry.host, PASSWORD) });
    expect(right.failed).toEqual([]);
    expect(right.of('credentials').Detail).toContain('from DOCKER_AUTH_CONFIG');
    expect(right.of('token').Verdict).toBe('skipped');
    expect(right.of('access').Detail).toContain('the login from DOCKER_AUTH_CONFIG');
  });

  it('tokens: what was granted, for how long; a wrong login', async () => {
    await using tokens = await startTokenServer({
      ...certificates,
      users: { ann: PASSWORD },
      isPublic: (repository) => repository === 'team/open',
    });
    const { realm, service, issuer } = tokens;
    await using registry = await startDockerRegistry({
      token: { realm, service, issuer, certFile: certificates.certFile },
    });
    const env = login(registry.host, PASSWORD);
    const whole = await examine([registry.host], { env });
    expect(whole.failed).toEqual([]);
    expect(whole.of('challenge').Detail).toContain(`Bearer, tokens from ${realm} for ${service}`);
    expect(whole.of('challenge').Detail).toContain('that realm is on');
    expect(whole.of('token').Detail).toMatch(/^a token for a login, good for /u);

    const repository = await examine([`${registry.host}/team/closed`], { env });
    expect(repository.of('token').Detail).toContain('granted: repository:team/closed:pull');

    const stranger = await examine([`${registry.host}/team/closed`]);
    expect(stranger.of('token').Verdict).toBe('warning');
    expect(stranger.of('token').Detail).toContain('granted: nothing');
    expect(stranger.failed).toEqual(['access']);

    const wrong = await examine([registry.host], { env: login(registry.host, 'not-it') });
    expect(wrong.failed).toEqual(['token']);
    expect(wrong.of('token').Detail).toContain('wrong user or password');
    expect(wrong.of('access').Detail).toBe('because token failed');
  });

  it('a closed port, a name that is none, a port without TLS', async () => {
    const port = CLOSED_PORT;
    const closed = await examine([`127.0.0.1:${port}`]);
    expect(closed.failed).toEqual(['tcp']);
    expect(closed.of('tcp').Detail).toBe(`cannot reach 127.0.0.1:${port}: connection refused`);
    expect(closed.of('tcp').Hint).toContain('that the registry is running');

    const nowhere = await examine(['nonexistent.invalid/team/app']);
    expect(nowhere.failed).toEqual(['dns']);
    expect(nowhere.of('token').Detail).toBe('because dns failed');
    // What needs no network is still told.
    expect(nowhere.of('credentials').Verdict).toBe('ok');
    expect(nowhere.of('cache').Verdict).toBe('ok');

    await using registry = await startDockerRegistry();
    const plain = await examine(['--tls-verify=true', registry.host]);
    expect(plain.failed).toEqual(['scheme']);
    expect(plain.of('scheme').Hint).toContain('--plain-http');
  });

  it('a server that is no registry', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>It works!</html>',
    }));
    const report = await examine([server.host]);
    expect(report.failed).toEqual(['/v2/']);
    expect(report.of('/v2/').Hint).toContain('does not offer the registry API');
  });

  it('registries.conf: a block, a rewrite, mirrors that answer and that do not', async () => {
    await using registry = await startDockerRegistry();
    const port = CLOSED_PORT;
    const conf = machine.dir.join('registries.conf');
    await writeFile(
      conf,
      `[[registry]]
prefix = "evil.example"
blocked = true
[[registry]]
prefix = "app.example"
location = "${registry.host}/team"
[[registry.mirror]]
location = "${registry.host}"
[[registry.mirror]]
location = "127.0.0.1:${port}"
`,
    );
    const flags = ['--registries-conf', conf];
    const blocked = await examine([...flags, 'evil.example']);
    expect(blocked.failed).toEqual(['name']);
    expect(blocked.of('name').Detail).toContain('blocked');
    expect(blocked.of('cache').Detail).toBe('because name failed');

    const moved = await examine([...flags, 'app.example/x']);
    expect(moved.of('name').Detail).toContain(
      `a rewrite leads from app.example/x to ${registry.host}/team/x`,
    );
    expect(moved.of('files').Detail).toContain(conf);
    expect(moved.of('tcp').Detail).toBe(`connected to ${registry.host}`);
    expect(moved.of('mirrors').Verdict).toBe('warning');
    expect(moved.of('mirrors').Detail).toContain(`${registry.host} answers (HTTP 200`);
    expect(moved.of('mirrors').Detail).toContain(`127.0.0.1:${port}: connection refused`);
  });

  it('files: a login that others can read, a broken one', async () => {
    await using registry = await startDockerRegistry();
    const folder = machine.dir.join('docker');
    await mkdir(folder);
    const file = `${folder}/config.json`;
    const auth = Buffer.from(`ann:${PASSWORD}`).toString('base64');
    await writeFile(file, JSON.stringify({ auths: { 'other.example': { auth } } }));
    await chmod(file, 0o644);
    const open = await examine(['--config', folder, registry.host]);
    expect(open.of('files').Verdict).toBe('warning');
    expect(open.of('files').Hint).toBe(`chmod 600 ${file}`);
    expect(open.of('files').Detail).toContain(`${file} holds credentials and can be read`);
    expect(open.healthy).toBe(true);
    const page = await machine.expect(0, ['--config', folder, 'doctor', registry.host]);
    expect(page.stderr).toBe('');

    await writeFile(file, '{"auths": [');
    const broken = await examine(['--config', folder, registry.host]);
    expect(broken.failed).toContain('files');
    expect(broken.of('files').Detail).toContain(file);
    expect(broken.of('tcp').Detail).toBe('because files failed');
  });

  it('the clock of the registry, a proxy that is not there', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: { date: new Date(Date.now() - 600_000).toUTCString() },
      body: '{}',
    }));
    const late = await examine([server.host]);
    expect(late.of('clock').Verdict).toBe('warning');
    expect(late.of('clock').Detail).toMatch(
      /^this machine is (?:599|600|601) s ahead of the registry$/u,
    );
    expect(late.healthy).toBe(true);

    const port = CLOSED_PORT;
    const env = { HTTPS_PROXY: `http://ann:${PASSWORD}@127.0.0.1:${port}` };
    const proxied = await examine(['registry.example'], { env });
    expect(proxied.of('proxy').Detail).toBe(`http://127.0.0.1:${port}: HTTPS_PROXY is set`);
    expect(proxied.failed).toEqual(['tcp']);
    expect(proxied.of('tcp').Detail).toContain(`the proxy http://127.0.0.1:${port}`);
  });

  it('everything goes through the proxy that applies', async () => {
    await using names = await makeCertificates('registry.corp');
    await using registry = await startDockerRegistry({
      tls: names,
      htpasswd: { username: 'ann', password: PASSWORD },
    });
    await using proxy = await startProxyServer({ routes: { 'registry.corp:443': registry.port } });
    const env = {
      ...login('registry.corp', PASSWORD),
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: names.caFile,
    };
    const report = await examine(['registry.corp'], { env });
    expect(report.failed).toEqual([]);
    expect(report.of('dns').Detail).toBe(
      '127.0.0.1 is an address; the proxy looks up the registry',
    );
    expect(report.of('tcp').Detail).toBe(`connected by http://127.0.0.1:${proxy.port}`);
    expect(report.of('tls').Detail).toContain(`trusted by ${names.caFile}`);
    expect(new Set(proxy.heads.map((head) => head.split('\r\n', 1)[0]))).toEqual(
      new Set(['CONNECT registry.corp:443 HTTP/1.1']),
    );
  });

  it('a silent server is given up in time, an interrupt ends it, a time limit is told', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    try {
      const limited = await machine.regctl(['--command-timeout', '5s', 'doctor', host]);
      expect(limited.code).toBe(1);
      expect(limited.stdout).toContain('timed out after 5s');
      expect(limited.stdout).toContain('because scheme failed');
      const stopped = await machine.regctl(['doctor', host], {
        onStart: (kill) => void silent.once('connection', () => kill('SIGINT')),
      });
      expect(stopped.code).toBe(130);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('prints a line a check on a pipe, with the cure below what fails, and no colour', async () => {
    await using registry = await startDockerRegistry({
      htpasswd: { username: 'ann', password: PASSWORD },
    });
    const done = await machine.expect(1, ['doctor', registry.host]);
    expect(done.stdout).not.toContain('\u001b');
    expect(done.stdout).toMatch(/^ok {7}name {9}127\.0\.0\.1:\d+ \(\d+ ms\)$/mu);
    expect(done.stdout).toMatch(
      /^failed {3}credentials {2}none in any source.*\n +→ (?:.*\. )?Log in: /mu,
    );
    expect(done.stdout.trimEnd().split('\n').at(-1)).toBe('not healthy: credentials failed');
    await machine.expect(64, ['doctor']);
    await machine.expect(64, ['doctor', 'bad host']);
  });
});

describe('doctor in a folder without a configuration', () => {
  it('says that a missing --authfile is missing', async () => {
    await using machine = await newMachine();
    const done = await machine.regctl([
      '-o',
      'json',
      'doctor',
      '--authfile',
      '/none',
      'localhost:1',
    ]);
    const { Checks } = JSON.parse(done.stdout) as Report;
    const files = Checks.find((one) => one.Name === 'files');
    expect(files?.Verdict).toBe('failed');
    expect(files?.Detail).toContain('/none does not exist');
  });
});
