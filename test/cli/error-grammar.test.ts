import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { COMMAND_GROUPS } from '../../src/commands/index.ts';
import type { CommandSpec } from '../../src/commands/types.ts';
import { type Authority, makeAuthority } from '../helpers/authority.ts';
import { expectGrammar, type PrintedError } from '../helpers/error-rules.ts';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { type Scripted, startScriptedServer } from '../helpers/scripted-server.ts';
import { tempDir } from '../helpers/temp.ts';
import { fakeIo } from './fake-io.ts';

const DIGEST = `sha256:${'5a'.repeat(32)}`;
const CHALLENGE = { 'www-authenticate': 'Basic realm="r"' };
const WEB_PAGE = { 'content-type': 'text/html' };
const json = (code: string, message: string): string =>
  JSON.stringify({ errors: [{ code, message }] });

/** What every request gets, or every one but a HEAD. */
const ANSWERS: readonly (readonly [string, Scripted])[] = [
  [
    '401',
    { status: 401, headers: CHALLENGE, body: json('UNAUTHORIZED', 'authentication required') },
  ],
  ['401 without a challenge', { status: 401 }],
  ['403 with HTML', { status: 403, headers: WEB_PAGE, body: '<html><title>Blocked.</title>' }],
  ['404', { status: 404, body: json('NAME_UNKNOWN', 'repository name not known to registry') }],
  ['404 with HTML', { status: 404, headers: WEB_PAGE, body: '<html>' }],
  ['413', { status: 413, body: 'Request Entity Too Large\n' }],
  ['429', { status: 429, headers: { 'retry-after': '3600' }, body: json('TOOMANYREQUESTS', '') }],
  ['503 with HTML', { status: 503, headers: WEB_PAGE, body: '<!doctype html><title>Down</title>' }],
  ['a reset connection', (_request, response) => void response.destroy()],
];

/** Words for the arguments that the commands name. */
function argumentsOf(spec: CommandSpec, host: string, dir: string): readonly string[] {
  const words: Readonly<Record<string, string>> = {
    registry: host,
    repository: `${host}/x`,
    source: `${host}/x:1`,
    destination: `oci:${dir}/out:1`,
    blob: `${host}/x@${DIGEST}`,
    tag: '2',
    file: `${dir}/none`,
  };
  return spec.args.map(({ name }) => words[name] ?? `${host}/x:1`);
}

/** Options without which a command asks nothing of a registry. */
const OPTIONS: Readonly<Record<string, (dir: string) => readonly string[]>> = {
  login: () => ['-u', 'me', '-p', 'canary'],
  prune: () => ['--older-than', '1d'],
  save: (dir) => ['--output', `${dir}/saved.tar`],
  'rate-limit': () => ['--fail-below', '1'],
};

const LOCAL = new Set([
  'serve',
  'ui',
  'completion',
  'help',
  'credential-helper',
  'version',
  'load',
]);
const commands = COMMAND_GROUPS.flatMap((group) => group.commands).filter(
  ({ name }) => !LOCAL.has(name),
);

const dir = await tempDir();
let authority: Authority;

beforeAll(async () => {
  authority = await makeAuthority();
  await writeLayout(dir.join('in'), { '1': await makeImage() });
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

interface Ran {
  readonly status: number;
  readonly error: PrintedError | undefined;
  readonly stderr: string;
}

async function run(args: readonly string[], hub: string): Promise<Ran> {
  const env = { REGCTL_HUB_API_URL: hub, REGCTL_HUB_SEARCH_URL: hub };
  const io = fakeIo(['-o', 'json', '--retry-times', '0', ...args], { env });
  io.stdin.end();
  const status = await main({ ...io, cwd: dir.path, home: dir.path, temp: dir.path });
  const text = io.stdout.text();
  const printed = text === '' ? {} : (JSON.parse(text) as { error?: PrintedError });
  return { status, error: printed.error, stderr: io.stderr.text() };
}

/** Each command against one host. Returns how many failed with an error. */
async function runAll(host: string, flags: readonly string[] = []): Promise<readonly Ran[]> {
  const runs: Ran[] = [];
  for (const spec of commands) {
    const own = OPTIONS[spec.name]?.(dir.path) ?? [];
    const args = [...flags, spec.name, ...own, ...argumentsOf(spec, host, dir.path)];
    const ran = await run(args, `http://${host}/`);
    if (ran.error !== undefined) expectGrammar(ran.error, ran.stderr);
    runs.push(ran);
  }
  return runs;
}

const failures = (runs: readonly Ran[]): readonly PrintedError[] =>
  runs.flatMap(({ error }) => (error === undefined ? [] : [error]));
/** Those that only read a file, or report failures as their result. */
const FEWEST = 11;

describe.each(ANSWERS)('every command, and a registry that answers %s', (_name, answer) => {
  it.each(['all requests', 'all but HEAD'])('to %s', async (which) => {
    const headers = {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': DIGEST,
      'content-length': '100',
    };
    await using server = await startScriptedServer(({ method }) =>
      method === 'HEAD' && which !== 'all requests' ? { status: 200, headers } : answer,
    );
    const found = failures(await runAll(server.host));
    expect(found.length).toBeGreaterThanOrEqual(which === 'all requests' ? FEWEST : FEWEST - 3);
    for (const { message } of found) expect(message).not.toMatch(/^cannot reach/u);
  });
});

describe('every command, and what is no registry', () => {
  it('a refused connection', async () => {
    const server = await startScriptedServer(() => ({ status: 200 }));
    await server.close();
    const found = failures(await runAll(server.host));
    expect(found.length).toBeGreaterThanOrEqual(FEWEST);
    const titles = found.filter(({ code }) => code === 'NETWORK').map(({ message }) => message);
    expect(titles.length).toBeGreaterThanOrEqual(FEWEST);
    for (const title of titles) expect(title).toMatch(/cannot reach .*: connection refused$/u);
  });

  it('no such host', async () => {
    // Longer than a label of DNS may be: no resolver is asked.
    const found = failures(await runAll(`${'a'.repeat(64)}.invalid`));
    expect(
      found.filter(({ message }) => message.endsWith(': no such host')).length,
    ).toBeGreaterThan(FEWEST - 3);
  });

  it('TLS expected, and none spoken', async () => {
    await using server = await startScriptedServer(() => ({ status: 200 }));
    const found = failures(await runAll(server.host, ['--tls-verify=true']));
    const titles = found.filter(({ code }) => code === 'TLS');
    expect(titles.length).toBeGreaterThan(FEWEST - 3);
    for (const { message } of titles) expect(message).toContain('does not use TLS on this port');
  });

  it('a certificate that nobody vouches for', async () => {
    const tls = authority.selfSigned('localhost');
    await using server = await startScriptedServer(() => ({ status: 200 }), { tls });
    const found = failures(await runAll(server.host, ['--tls-verify=true']));
    const titles = found.filter(({ code }) => code === 'TLS');
    expect(titles.length).toBeGreaterThan(FEWEST - 3);
    for (const { message } of titles) expect(message).toContain('cannot trust ');
  });

  it.each([
    ['no answer in time', ['--plain-http', '--header-timeout', '50ms']],
    ['a command out of time', ['--plain-http', '--command-timeout', '100ms']],
  ])('%s', async (_name, flags) => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const found = failures(await runAll(`127.0.0.1:${port}`, flags));
      expect(found.filter(({ code }) => code === 'TIMEOUT').length).toBeGreaterThan(FEWEST - 3);
    } finally {
      silent.close();
    }
  });
});

describe('copy', () => {
  it.each(ANSWERS)('names the side that answers %s', async (_name, answer) => {
    await using server = await startScriptedServer(() => answer);
    const image = `${server.host}/x:1`;
    for (const [from, to, side] of [
      [image, `oci:${dir.path}/out:1`, 'source'],
      [`oci:${dir.path}/in:1`, image, 'destination'],
    ] as const) {
      const { error, stderr } = await run(['copy', from, to], server.origin);
      if (error === undefined) expect.fail(stderr);
      expectGrammar(error, stderr);
      expect(error.message).toMatch(new RegExp(`^${side}[: ] ?`, 'u'));
    }
  });

  it('names the platform of a child that is gone', async () => {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const child = 'application/vnd.oci.image.manifest.v1+json';
    const platform = { os: 'linux', architecture: 'arm64' };
    const manifests = [{ mediaType: child, digest: DIGEST, size: 100, platform }];
    const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
    await using server = await startScriptedServer(({ path }) =>
      path.endsWith('/manifests/1')
        ? { status: 200, headers: { 'content-type': mediaType }, body }
        : { status: 404, body: json('MANIFEST_UNKNOWN', 'manifest unknown') },
    );
    const { status, error } = await run(
      ['copy', `${server.host}/x:1`, `oci:${dir.path}/gone:1`],
      server.origin,
    );
    expect(status).toBe(2);
    expect(error?.message).toBe(`source ${server.host}/x@${DIGEST} does not exist`);
    expect(error?.reason).toContain('its index lists it for linux/arm64');
  });
});

describe('logging in', () => {
  it('with a wrong password is told about the password, not to log in', async () => {
    await using server = await startScriptedServer(() => ({ status: 401, headers: CHALLENGE }));
    const { error, stderr } = await run(
      ['login', '-u', 'me', '-p', 'canary', server.host],
      server.origin,
    );
    expect(error).toMatchObject({
      message: `${server.host} rejected this login`,
      hint: 'Check the username and the password or token.',
    });
    expect(stderr).not.toContain('canary');
  });
});
