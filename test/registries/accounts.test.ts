import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { STAND_INS } from '../helpers/stand-ins/table.ts';
import type { StandIn } from '../helpers/stand-ins/types.ts';
import { hostsOf, startWorld, type World } from '../helpers/stand-ins/world.ts';

const LOOK_ALIKES = [
  ['docker.io.evil.example', 'https://auth.docker.io/token'],
  ['ghcr.io.evil.example', 'https://ghcr.io/token'],
  ['evil-ghcr.io', 'https://ghcr.io/token'],
  ['xn--ghcr-9wa.io', 'https://ghcr.io/token'],
  [
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example',
    'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/token',
  ],
] as const;

let certificates: Certificates;
beforeAll(async () => {
  const hosts = [...STAND_INS.flatMap(hostsOf), ...LOOK_ALIKES.map(([host]) => host)];
  certificates = await makeCertificates(...new Set(hosts));
});
afterAll(() => certificates[Symbol.asyncDispose]());

function standInOf(id: string, change: Partial<StandIn> = {}): StandIn {
  const found = STAND_INS.find((standIn) => standIn.id === id);
  if (found === undefined) throw new Error(`no stand-in ${id}`);
  return { ...found, ...change };
}

/** A world with one image in it, put there without regctl. */
async function withWorld(standIn: StandIn, body: (world: World) => Promise<void>): Promise<void> {
  await using world = await startWorld(standIn, certificates);
  const type = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(`{"schemaVersion":2,"mediaType":"${type}","manifests":[]}`);
  world.engine.content.putManifest(standIn.repository, 'v1', { type, bytes });
  await body(world);
}

async function writeConfig(world: World, config: unknown): Promise<void> {
  await mkdir(world.dir.join('home', '.docker'), { recursive: true });
  await writeFile(world.dir.join('home', '.docker', 'config.json'), JSON.stringify(config));
}

describe('GHCR', () => {
  it('gets no GITHUB_TOKEN that nobody gave it', () =>
    withWorld(standInOf('ghcr'), async (world) => {
      const env = { GITHUB_TOKEN: 'ghp_ambient', GH_TOKEN: 'ghp_ambient' };
      const ran = await world.run(['tags', 'ghcr.io/acme/app'], { env });
      expect(ran).toMatchObject({ status: 0, stdout: 'v1\n' });
      expect(JSON.stringify(world.requests.map(({ headers }) => headers))).not.toContain('Basic');
    }));

  it('is sent a layer of more than 4 MiB as one request without Content-Range', () =>
    withWorld(standInOf('ghcr'), async (world) => {
      const image = await makeImage({ layers: 1, layerSize: 5 * 1024 * 1024 });
      await writeLayout(world.dir.join('in'), { big: image });
      const { username, password } = world.engine.standIn.login;
      const from = `oci:${world.dir.join('in')}:big`;
      const creds = ['--dest-creds', `${username}:${password}`];
      await world.json(0, 'copy', ...creds, from, 'ghcr.io/acme/app:big');
      const large = world.requests.filter(({ body }) => body.length > 4 * 1024 * 1024);
      expect(large.map(({ method, headers }) => [method, headers['content-range']])).toEqual([
        ['PUT', undefined],
      ]);
    }));
});

describe('without a terminal', () => {
  it.each([
    ['ghcr.io', '-u USER --password-stdin'],
    ['team1.azurecr.io', 'az acr login -n team1 '],
    ['r.example', 'Pass -u NAME and --password-stdin.'],
  ])('login %s says what to type', (registry, words) =>
    withWorld(standInOf('ghcr'), async (world) => {
      const ran = await world.run(['login', registry]);
      expect(ran.status).toBe(64);
      expect(ran.stderr).toContain(words);
    }),
  );
});

describe('a catalog whose very scope is refused', () => {
  const refusing = (id: string): StandIn => {
    const { auth } = standInOf(id);
    if (auth.kind !== 'bearer') throw new Error(`${id} has no tokens`);
    return standInOf(id, { auth: { ...auth, refusedScope: 'registry:catalog:*' } });
  };
  it.each([
    ['ghcr', 'UNSUPPORTED', 'gh api'],
    ['docker-hub', 'UNSUPPORTED', 'regctl catalog docker.io/NAMESPACE'],
    ['harbor', 'TOKEN_FAILED', 'Check --creds'],
  ])('of %s is %s', (id, code, words) =>
    withWorld({ ...refusing(id), catalogChallenge: undefined }, async (world) => {
      const { registry, login } = world.engine.standIn;
      const creds = ['--creds', `${login.username}:${login.password}`];
      expect(await world.json(1, 'catalog', ...creds, registry)).toMatchObject({
        error: { code, hint: expect.stringContaining(words) as string },
      });
    }),
  );
});

describe('a registry that refuses HEAD and names no digest', () => {
  it('is read all the same', () =>
    withWorld(
      standInOf('zot', { manifests: { digestHeader: false, head: 'refused' } }),
      async (world) => {
        const { registry, repository } = world.engine.standIn;
        const digest = world.engine.content.manifest(repository, 'v1')?.digest;
        const ran = await world.run(['digest', `${registry}/${repository}:v1`]);
        expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: `${digest}\n` });
      },
    ));
});

describe('a limit of requests', () => {
  it.each([
    ['docker-hub', ['regctl login', 'regctl rate-limit']],
    ['ecr-public', ['aws ecr-public get-login-password', 'higher limit']],
    ['quay', ['regctl login quay.io']],
  ])('of %s names the way out', (id, words) =>
    withWorld(standInOf(id), async (world) => {
      world.engine.limit();
      const { registry, repository } = world.engine.standIn;
      const error = await world.json(
        4,
        '--retry-times',
        '0',
        'digest',
        `${registry}/${repository}:v1`,
      );
      for (const word of words) expect(JSON.stringify(error)).toContain(word);
    }),
  );
});

describe('ACR', () => {
  it('exchanges an identity token by POST, and sends it to its realm alone', () =>
    withWorld(standInOf('acr'), async (world) => {
      const { registry, refreshToken } = world.engine.standIn;
      const username = '00000000-0000-0000-0000-000000000000';
      const auth = Buffer.from(`${username}:`).toString('base64');
      await writeConfig(world, { auths: { [registry]: { auth, identitytoken: refreshToken } } });
      const ran = await world.run(['tags', `${registry}/team/app`]);
      expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: 'v1\n' });
      const posts = world.requests.filter(({ method }) => method === 'POST');
      expect(posts.map(({ path }) => path)).toEqual(['/oauth2/token']);
      const form = new URLSearchParams(posts[0]?.body.toString());
      expect(form.get('grant_type')).toBe('refresh_token');
      expect(form.get('scope')).toBe('repository:team/app:pull');
    }));
});

describe('ECR', () => {
  it('asks its helper anew when the password has run out', () =>
    withWorld(standInOf('ecr'), async (world) => {
      const { registry, repository, login } = world.engine.standIn;
      const calls = world.dir.join('calls');
      const bin = world.dir.join('bin');
      await mkdir(bin);
      const script = [
        '#!/bin/sh',
        'read host',
        `echo "$host" >> ${calls}`,
        `if [ "$(grep -c . ${calls})" = 1 ]; then p=expired; else p=${login.password}; fi`,
        `printf '{"ServerURL":"%s","Username":"AWS","Secret":"%s"}' "$host" "$p"`,
      ].join('\n');
      await writeFile(`${bin}/docker-credential-ecr-login`, script);
      await chmod(`${bin}/docker-credential-ecr-login`, 0o755);
      await writeConfig(world, { credHelpers: { [registry]: 'ecr-login' } });
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      const ran = await world.run(['tags', `${registry}/${repository}`], { env });
      expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: 'v1\n' });
      expect(await readFile(calls, 'utf8')).toBe(`${registry}\n${registry}\n`);
    }));
});

describe.each([
  ['gcr', '_json_key', '{\n  "type": "service_account",\n  "private_key": "canary:\\n"\n}'],
  ['gcr', '_json_key_base64', Buffer.from('{"type":"service_account"}').toString('base64')],
  ['quay', '$oauthtoken', 'oauth-canary'],
  ['harbor', 'robot$library+ci', 'pa:ss w\u00f6rd'],
])('%s, signing in as %s', (id, username, password) => {
  it('takes user name and secret as they are', () =>
    withWorld(standInOf(id, { login: { username, password } }), async (world) => {
      const { registry, repository } = world.engine.standIn;
      const login = ['login', registry, '-u', username, '--password-stdin'];
      const ran = await world.run(login, { input: `${password}\n` });
      expect(ran, ran.stderr).toMatchObject({ status: 0 });
      expect(await world.run(['tags', `${registry}/${repository}`])).toMatchObject({ status: 0 });
    }));
});

describe('a look-alike', () => {
  const realm = {
    kind: 'bearer',
    service: 'x',
    field: 'token',
    wrongLogin: { status: 401 },
  } as const;
  it.each(LOOK_ALIKES)('%s gets no advice, and no login through the real one', (registry, url) =>
    withWorld(
      standInOf('ghcr', { registry, api: registry, auth: { ...realm, realm: url } }),
      async (world) => {
        const login = ['-o', 'json', 'login', registry, '-u', 'ann', '--password-stdin'];
        const ran = await world.run(login, { input: 'hunter2-canary' });
        expect(ran.status).toBe(1);
        expect(ran.stdout).toContain('REALM_UNTRUSTED');
        expect(ran.stdout).not.toMatch(/GITHUB_TOKEN|aws ecr|dckr_pat/u);
        const basic = Buffer.from('ann:hunter2-canary').toString('base64');
        expect(JSON.stringify(world.requests.map(({ headers }) => headers))).not.toContain(basic);
      },
    ),
  );
});

describe('the first request to a registry whose challenge is known', () => {
  const ids = ['docker-hub', 'ghcr', 'ecr-public', 'quay', 'gitlab'];

  it.each(ids)('%s: the token first, then the answer', (id) => {
    const standIn = standInOf(id);
    return withWorld(standIn, async (world) => {
      const ran = await world.run(['tags', `${standIn.registry}/${standIn.repository}`]);
      expect(ran).toMatchObject({ status: 0, stdout: 'v1\n' });
      expect(world.lines).toHaveLength(2);
      expect(world.lines[0]).toMatch(/service=/u);
      expect(world.lines[1]).toMatch(/tags\/list/u);
    });
  });

  it('ECR: the login with the first request', () => {
    const standIn = standInOf('ecr');
    return withWorld(standIn, async (world) => {
      const { username, password } = standIn.login;
      const name = `${standIn.registry}/${standIn.repository}`;
      const ran = await world.run(['tags', '--creds', `${username}:${password}`, name]);
      expect(ran).toMatchObject({ status: 0, stdout: 'v1\n' });
      expect(world.lines).toHaveLength(1);
    });
  });

  it('a registry that has moved its token server corrects the table for this run', () => {
    const standIn = standInOf('ghcr');
    const auth = { ...standIn.auth, service: 'ghcr.example' } as StandIn['auth'];
    return withWorld({ ...standIn, auth }, async (world) => {
      const ran = await world.run(['inspect', '--no-tags', `ghcr.io/${standIn.repository}:v1`]);
      const services = world.lines.flatMap((line) => /service=([\w.]+)/u.exec(line)?.[1] ?? []);
      expect([ran.status, services], ran.stderr).toEqual([
        expect.any(Number),
        ['ghcr.io', 'ghcr.example'],
      ]);
    });
  });
});
