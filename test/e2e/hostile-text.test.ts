import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blob, image, type TestImage } from '../helpers/graphs.ts';
import {
  startScriptedServer,
  type Reply,
  type Script,
  type ScriptedRequest,
} from '../helpers/scripted-server.ts';
import { newMachine } from './regctl.ts';

/** Colours, a title, a cleared screen, eight-bit controls, text from right to left, a line of one's own. */
const EVIL = 'a\u001b[31m\u001b]0;owned\u0007\u001b[2J\u009b2J\u202e\u2066\r\u0008\nerror: forged';
const OBEYED =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

const config = blob(
  JSON.stringify({
    os: 'linux',
    architecture: EVIL,
    author: EVIL,
    created: EVIL,
    config: {
      User: EVIL,
      Env: [`A=${EVIL}`],
      Cmd: [EVIL],
      Labels: { [EVIL]: EVIL },
      ExposedPorts: { [EVIL]: {} },
    },
    rootfs: { type: 'layers', diff_ids: [blob('x').descriptor.digest] },
    history: [{ created_by: EVIL, comment: EVIL }],
  }),
  'application/vnd.oci.image.config.v1+json',
);
const layer = blob('layer');
const hostile: TestImage = image({ config, layers: [layer], annotations: { [EVIL]: EVIL } });
/** JSON leaves these as they are, and so do registries. */
const warning =
  `299 - "${EVIL.replace(/[\r\n]/gu, ' ').replace(/[^\u0020-\u00ff]/gu, '')}"`.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f]/gu,
    '',
  );
const refusal: Reply = {
  status: 403,
  headers: { 'content-type': 'application/json', warning },
  body: JSON.stringify({ errors: [{ code: EVIL, message: EVIL, detail: EVIL }] }),
};

const registry: Script = ({ path }) => {
  if (path.includes('/refused/')) return refusal;
  if (path.includes('/page/')) {
    return {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: `<title>${EVIL}</title>`,
    };
  }
  if (path.includes('/tags/')) {
    return { status: 200, body: JSON.stringify({ tags: ['v1', EVIL, `${EVIL}x`, null] }) };
  }
  if (path.includes('/_catalog')) {
    return { status: 200, body: JSON.stringify({ repositories: ['ok', EVIL] }) };
  }
  if (path.includes('/v1/search')) {
    const one = { name: EVIL, description: EVIL, star_count: 1, is_official: true };
    return { status: 200, body: JSON.stringify({ num_pages: 1, results: [one] }) };
  }
  if (path.includes('/manifests/')) {
    const { mediaType } = hostile.descriptor;
    return { status: 200, headers: { 'content-type': mediaType, warning }, body: hostile.data };
  }
  if (path.includes(config.descriptor.digest)) return { status: 200, body: config.data };
  return { status: 404, body: EVIL };
};

describe('remote text', () => {
  const commands: readonly (readonly [number | undefined, (host: string) => readonly string[]])[] =
    [
      [0, (host) => ['tags', `${host}/a`]],
      [0, (host) => ['tags', '--long', `${host}/a`]],
      [0, (host) => ['catalog', host]],
      [0, (host) => ['inspect', '-o', 'text', `${host}/a:v1`]],
      [0, (host) => ['inspect', '--format', '{{.Labels}} {{json .}} {{.Env}}', `${host}/a:v1`]],
      [0, (host) => ['search', `x-${host}`]],
      [1, (host) => ['tags', `${host}/refused/a`]],
      [1, (host) => ['inspect', `${host}/page/a:v1`]],
      [undefined, (host) => ['copy', `${host}/a:v1`, 'oci:out:v1']],
      [undefined, (host) => ['copy', '--dry-run', `${host}/a:v1`, 'oci:out:v1']],
      [undefined, (host) => ['blob', `${host}/a@${layer.descriptor.digest}`]],
    ];

  it.each(commands.map(([status, args]) => [args('HOST').join(' '), status, args] as const))(
    'cannot act on a terminal through %s',
    async (_name, status, args) => {
      await using server = await startScriptedServer(registry);
      await using machine = await newMachine();
      const env = { REGCTL_HUB_SEARCH_URL: `${server.origin}/` };
      for (const debug of [[], ['--debug']]) {
        const done = await machine.regctl([...debug, ...args(server.host)], { env });
        if (status !== undefined) expect([status, done.stderr]).toContain(done.code);
        expect(`${done.stdout}${done.stderr}`).not.toMatch(OBEYED);
        // A template prints a text as it is written, over as many lines as that has.
        const lines = args('').includes('--format')
          ? done.stderr
          : `${done.stdout}\n${done.stderr}`;
        expect(lines).not.toMatch(/^error: forged/mu);
        expect(server.requests.length).toBeGreaterThan(0);
      }
    },
  );
});

const SECRETS = {
  password: 'canary-password-01',
  identity: 'canary-identity-02',
  token: 'canary-token-03',
  signature: 'canary-signature-04',
  cookie: 'canary-cookie-05',
  header: 'canary-header-06',
  state: 'canary-state-07',
};

/** A registry behind a token server, whose blobs lie elsewhere under signed URLs. */
function signedRegistry(storage: () => string, origin: () => string): Script {
  return (request: ScriptedRequest) => {
    const cookie = { 'set-cookie': `session=${SECRETS.cookie}` };
    if (request.path.startsWith('/token')) {
      return { status: 200, headers: cookie, body: JSON.stringify({ token: SECRETS.token }) };
    }
    if (request.headers.authorization === undefined) {
      const challenge = `Bearer realm="${origin()}/token?x=${SECRETS.state}",service="s"`;
      return { status: 401, headers: { ...cookie, 'www-authenticate': challenge } };
    }
    if (request.path.includes('/manifests/')) {
      const { mediaType } = hostile.descriptor;
      return { status: 200, headers: { ...cookie, 'content-type': mediaType }, body: hostile.data };
    }
    const location = `${storage()}${request.path}?X-Amz-Signature=${SECRETS.signature}&sig=${SECRETS.signature}`;
    return { status: 307, headers: { ...cookie, location } };
  };
}

describe('--debug', () => {
  it.each([
    ['a password', { auth: Buffer.from(`ann:${SECRETS.password}`).toString('base64') }],
    ['an identity token', { identitytoken: SECRETS.identity }],
    ['a helper', undefined],
  ])('shows the way of %s, and no secret of it', async (_what, entry) => {
    await using storage = await startScriptedServer(({ path }) => {
      const found = hostile.below.find(({ descriptor }) => path.includes(descriptor.digest));
      return { status: 200, headers: { 'set-cookie': SECRETS.cookie }, body: found?.data ?? '' };
    });
    await using server = await startScriptedServer(
      signedRegistry(
        () => storage.origin,
        () => server.origin,
      ),
    );
    await using machine = await newMachine();
    const helpers = machine.dir.join('helpers');
    await mkdir(helpers);
    const said = JSON.stringify({ Username: 'ann', Secret: SECRETS.password });
    await writeFile(join(helpers, 'docker-credential-vault'), `#!/bin/sh\necho '${said}'\n`);
    await chmod(join(helpers, 'docker-credential-vault'), 0o755);
    await mkdir(join(machine.home, '.docker'));
    await writeFile(
      join(machine.home, '.docker/config.json'),
      JSON.stringify({
        HttpHeaders: { 'X-Meta': SECRETS.header },
        ...(entry === undefined ? { credsStore: 'vault' } : { auths: { [server.host]: entry } }),
      }),
      { mode: 0o600 },
    );
    const done = await machine.regctl(['--debug', 'copy', `${server.host}/a:v1`, 'oci:out:v1'], {
      env: { PATH: `${helpers}:${machine.env['PATH'] ?? ''}` },
    });
    expect([0, done.stderr]).toContain(done.code);
    expect(storage.lines.length).toBeGreaterThan(0);
    const printed = `${done.stdout}${done.stderr}`;
    expect(printed).toContain('/token');
    const forms = Object.values(SECRETS).flatMap((secret) => [
      secret,
      Buffer.from(`ann:${secret}`).toString('base64'),
    ]);
    expect(forms.filter((form) => printed.includes(form))).toEqual([]);
    expect(createHash('sha256').update(config.data).digest('hex')).toBe(
      config.descriptor.digest.slice(7),
    );
  });
});
