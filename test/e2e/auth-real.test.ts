import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { startTokenServer, type TokenServer } from '../helpers/token-server.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

async function writeConfig(machine: Machine, config: unknown): Promise<string> {
  await mkdir(`${machine.home}/.docker`, { recursive: true });
  const file = `${machine.home}/.docker/config.json`;
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

describeWith(['docker-registry', 'htpasswd'], 'a registry with htpasswd', () => {
  let registry: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    registry = await startDockerRegistry({ htpasswd: { username: 'ann', password: 'secret' } });
    machine = await newMachine();
    await pushImage(registry.origin, 'app', ['v1'], await makeImage(), basic('ann', 'secret'));
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await machine[Symbol.asyncDispose]();
  });

  it('without credentials says that none were sent and how to log in', async () => {
    const done = await machine.expect(1, ['tags', `${registry.host}/app`]);
    expect(done.stdout).toBe('');
    expect(done.stderr).toContain(registry.host);
    expect(done.stderr).toMatch(/no credentials/i);
    expect(done.stderr).toContain(`regctl login ${registry.host}`);
    expect(done.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });

  it('with a wrong password says that credentials were sent and from where', async () => {
    const flag = await machine.expect(1, ['tags', '--creds', 'ann:wrong', `${registry.host}/app`]);
    expect(flag.stderr).toContain('--creds');
    expect(flag.stderr).toContain(registry.host);
    expect(flag.stderr).not.toContain('wrong:');
    expect(flag.stderr).not.toContain('ann:wrong');
    const file = await writeConfig(machine, {
      auths: { [registry.host]: { auth: Buffer.from('ann:wrong').toString('base64') } },
    });
    const error = await machine.jsonError(1, ['tags', `${registry.host}/app`]);
    expect(error.code).toBe('UNAUTHORIZED');
    expect(error.reason).toContain(`credentials from ${file} were sent`);
    expect(error.details).toMatchObject({ status: 401, credentials: { sent: true, origin: file } });
  });

  it('login stores only what the registry accepted, and logout removes it', async () => {
    const file = await writeConfig(machine, { credsStoreUnknown: 1, auths: {} });
    await machine.expect(1, ['login', '-u', 'ann', '--password-stdin', registry.host], {
      input: 'wrong\n',
    });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ credsStoreUnknown: 1, auths: {} });

    const done = await machine.expect(
      0,
      ['login', '-u', 'ann', '--password-stdin', registry.host],
      { input: 'secret\n' },
    );
    expect(done.stdout + done.stderr).not.toContain('secret');
    const stored = JSON.parse(await readFile(file, 'utf8')) as {
      credsStoreUnknown: number;
      auths: Record<string, { auth: string }>;
    };
    expect(stored.credsStoreUnknown).toBe(1);
    expect(Buffer.from(stored.auths[registry.host]?.auth ?? '', 'base64').toString()).toBe(
      'ann:secret',
    );
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await machine.expect(0, ['login', '--get-login', registry.host])).stdout.trim()).toBe(
      'ann',
    );
    expect((await machine.expect(0, ['tags', `${registry.host}/app`])).stdout).toBe('v1\n');

    await machine.expect(0, ['logout', registry.host]);
    await machine.expect(1, ['tags', `${registry.host}/app`]);
  });

  it('login keeps what it stores private, whatever the umask is', async () => {
    await using careless = await newMachine();
    const login = ['login', '-u', 'ann', '--password-stdin', registry.host];
    const done = await run(
      'sh',
      ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, BIN, ...login],
      { cwd: careless.dir.path, env: careless.env, input: 'secret\n' },
    );
    expect(done.code, done.stderr).toBe(0);
    const modes = await Promise.all(
      ['.docker', '.docker/config.json'].map(
        async (name) => (await stat(`${careless.home}/${name}`)).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o600]);
  });

  it('takes --username and --password, and each side its own', async () => {
    await machine.expect(0, [
      'tags',
      '--username',
      'ann',
      '--password',
      'secret',
      `${registry.host}/app`,
    ]);
    const copy = ['copy', `${registry.host}/app:v1`, `${registry.host}/copied:v1`];
    await machine.expect(0, [...copy, '--src-creds', 'ann:secret', '--dest-creds', 'ann:secret']);
    await machine.expect(1, [...copy, '--src-creds', 'ann:secret', '--dest-no-creds']);
    await machine.expect(64, [
      'tags',
      '--creds',
      'ann:secret',
      '--no-creds',
      `${registry.host}/app`,
    ]);
  });

  it('fails hard when a credential helper is missing', async () => {
    await writeConfig(machine, { credHelpers: { [registry.host]: 'nonexistent-for-sure' } });
    const error = await machine.jsonError(1, ['tags', `${registry.host}/app`]);
    expect(error.code).toBe('CREDENTIAL_HELPER');
    expect(error.message).toContain('docker-credential-nonexistent-for-sure');
    await machine.expect(0, ['tags', '--creds', 'ann:secret', `${registry.host}/app`]);
    await writeConfig(machine, {});
  });

  it('names the file and the place of a malformed config.json', async () => {
    const file = `${machine.home}/.docker/config.json`;
    await writeFile(file, '{\n  "auths": {,}\n}');
    const error = await machine.jsonError(1, ['tags', `${registry.host}/app`]);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(file);
    expect(error.message).toMatch(/2:13|line 2/);
    await writeConfig(machine, {});
  });
});

describeWith(['docker-registry', 'openssl'], 'a registry with TLS and a CA of its own', () => {
  let certificates: Certificates;
  let registry: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    certificates = await makeCertificates();
    registry = await startDockerRegistry({ tls: certificates });
    machine = await newMachine();
    await machine.expect(0, [
      'copy',
      '--tls-verify=false',
      await layoutOf(machine),
      `${registry.host}/app:v1`,
    ]);
  });
  afterAll(async () => {
    await Promise.all([registry, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
  });

  it('is refused without the CA, and the hint says what would cure it', async () => {
    const error = await machine.jsonError(1, ['tags', `${registry.host}/app`]);
    expect(error.code).toBe('TLS');
    expect(error.message).toContain(registry.host);
    expect(error.hint).toContain('--cert-dir');
    expect(error.hint).toContain('--tls-verify=false');
  });

  it('works with --cert-dir, by address and by name', async () => {
    const dir = machine.dir.join('certs');
    await mkdir(dir);
    await writeFile(`${dir}/ca.crt`, certificates.ca);
    expect(
      (await machine.expect(0, ['tags', '--cert-dir', dir, `${registry.host}/app`])).stdout,
    ).toBe('v1\n');
    expect(
      (await machine.expect(0, ['tags', '--cert-dir', dir, `localhost:${registry.port}/app`]))
        .stdout,
    ).toBe('v1\n');
  });

  it('works with --tls-verify=false', async () => {
    expect(
      (await machine.expect(0, ['tags', '--tls-verify=false', `${registry.host}/app`])).stdout,
    ).toBe('v1\n');
  });

  it('says so when plain HTTP is spoken to it', async () => {
    const error = await machine.jsonError(1, ['tags', '--plain-http', `${registry.host}/app`]);
    expect(error.message).toContain(registry.host);
  });
});

async function layoutOf(machine: Machine): Promise<string> {
  const { writeLayout } = await import('../helpers/images.ts');
  const dir = machine.dir.join('layout');
  await writeLayout(dir, { v1: await makeImage() });
  return `oci:${dir}:v1`;
}

describeWith(['docker-registry', 'openssl'], 'a registry with Bearer tokens', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterAll(() => certificates[Symbol.asyncDispose]());

  async function started(
    more: Partial<Parameters<typeof startTokenServer>[0]>,
    body: (registry: DockerRegistry, token: TokenServer, machine: Machine) => Promise<void>,
  ): Promise<void> {
    await using token = await startTokenServer({
      ...certificates,
      users: { ann: 'secret' },
      refreshTokens: { 'refresh-me': 'ann' },
      isPublic: (name) => name.startsWith('public/'),
      ...more,
    });
    await using registry = await startDockerRegistry({
      token: { ...token, certFile: certificates.certFile },
    });
    await using machine = await newMachine();
    const layout = await layoutOf(machine);
    for (const repo of ['public/app', 'private/app']) {
      await machine.expect(0, [
        'copy',
        '--creds',
        'ann:secret',
        layout,
        `${registry.host}/${repo}:v1`,
      ]);
    }
    await body(registry, token, machine);
  }

  it('anonymous, user and password, identity token by POST', async () => {
    await started({}, async (registry, token, machine) => {
      await machine.expect(0, ['tags', `${registry.host}/public/app`]);
      await machine.expect(1, ['tags', `${registry.host}/private/app`]);
      await machine.expect(0, ['tags', '--creds', 'ann:secret', `${registry.host}/private/app`]);
      const wrong = await machine.jsonError(1, [
        'tags',
        '--creds',
        'ann:no',
        `${registry.host}/private/app`,
      ]);
      expect(`${wrong.message} ${wrong.hint ?? ''}`).toContain('--creds');
      await writeConfig(machine, {
        auths: {
          [registry.host]: {
            auth: Buffer.from('ann:').toString('base64'),
            identitytoken: 'refresh-me',
          },
        },
      });
      const before = token.lines.length;
      await machine.expect(0, ['tags', `${registry.host}/private/app`]);
      expect(token.lines.slice(before)).toEqual(['POST /token']);
    });
  });

  it('a fresh token that the registry refuses ends in an error, not in a loop', async () => {
    let broken = false;
    await started({ lifetime: () => (broken ? -600 : 300) }, async (registry, token, machine) => {
      broken = true;
      const before = token.lines.length;
      await machine.expect(1, ['tags', `${registry.host}/public/app`]);
      expect(token.lines.length - before).toBe(1);
    });
  });
});

describe('a token that expires in mid-command', () => {
  it('is fetched once more, and the command goes on', async () => {
    await using server = await startScriptedServer((request) => {
      if (request.path.startsWith('/token')) {
        const issued = server.lines.filter((line) => line.startsWith('GET /token')).length;
        return {
          status: 200,
          body: JSON.stringify({ token: `token-${issued}`, expires_in: 3600 }),
        };
      }
      const second = request.path.includes('last=');
      if (request.headers.authorization !== `Bearer token-${second ? 2 : 1}`) {
        const error = request.headers.authorization === undefined ? '' : ',error="invalid_token"';
        return {
          status: 401,
          headers: {
            'www-authenticate': `Bearer realm="${server.origin}/token",service="s"${error}`,
          },
        };
      }
      return {
        status: 200,
        headers: second ? {} : { link: '</v2/app/tags/list?last=a&n=1000>; rel="next"' },
        body: JSON.stringify({ name: 'app', tags: [second ? 'b' : 'a'] }),
      };
    });
    await using machine = await newMachine();
    expect((await machine.expect(0, ['tags', `${server.host}/app`])).stdout).toBe('a\nb\n');
    expect(server.lines.map((line) => line.replace(/\?.*/, ''))).toEqual([
      'GET /v2/app/tags/list',
      'GET /token',
      'GET /v2/app/tags/list',
      'GET /v2/app/tags/list',
      'GET /token',
      'GET /v2/app/tags/list',
    ]);
  });
});

describe('a dead port', () => {
  it('is a network error that names the host', async () => {
    await using machine = await newMachine();
    const error = await machine.jsonError(1, ['tags', '--retry-times', '0', '127.0.0.1:1/app']);
    expect(error.code).toBe('NETWORK');
    expect(error.message).toContain('127.0.0.1:1');
  });
});
