import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startScriptedServer,
  type Reply,
  type ScriptedRequest,
  type ScriptedServer,
} from '../helpers/scripted-server.ts';
import { newMachine, type Machine } from './regctl.ts';

const SECRET = 'canary-c0ffee';
const AUTH = Buffer.from(`ann:${SECRET}`).toString('base64');
const TOKEN = 'token-of-canary-beef';
/** Every form in which the secret could show. */
const FORBIDDEN = [SECRET, AUTH, TOKEN];

/** How a registry asks for credentials, and what it then does with the one who has them. */
type Kind = 'basic' | 'bearer' | 'redirect' | 'link';
const KINDS: readonly Kind[] = ['basic', 'bearer', 'redirect', 'link'];

interface Source {
  readonly name: string;
  /** What has to be on the machine so that regctl has a login of `host`. */
  put?(machine: Machine, host: string): Promise<void>;
  readonly flags?: readonly string[];
  env?(machine: Machine, host: string): Readonly<Record<string, string>>;
  /** It was told no registry: it is for the one that the command names. */
  readonly forEveryHost?: boolean;
}

const write = async (path: string, content: unknown): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
};
const auths = (key: string): unknown => ({ auths: { [key]: { auth: AUTH } } });
const helperFolder = (machine: Machine): string => machine.dir.join('helpers');

/** A helper that knows the secret of one host, and would give it for that host alone. */
async function putHelper(machine: Machine, host: string): Promise<void> {
  const file = join(helperFolder(machine), 'docker-credential-vault');
  await mkdir(dirname(file), { recursive: true });
  const answer = JSON.stringify({ ServerURL: host, Username: 'ann', Secret: SECRET });
  const script = `#!/bin/sh
[ "$(cat)" = '${host}' ] && exec echo '${answer}'
echo 'credentials not found in native keychain'
exit 1
`;
  await writeFile(file, script);
  await chmod(file, 0o755);
}

const withHelpers = (machine: Machine): Readonly<Record<string, string>> => ({
  PATH: `${helperFolder(machine)}:${machine.env['PATH'] ?? ''}`,
});

const SOURCES: readonly Source[] = [
  { name: '--creds', flags: ['--creds', `ann:${SECRET}`], forEveryHost: true },
  { name: '--password', flags: ['--username', 'ann', '--password', SECRET], forEveryHost: true },
  {
    name: 'DOCKER_AUTH_CONFIG',
    env: (_machine, host) => ({ DOCKER_AUTH_CONFIG: JSON.stringify(auths(host)) }),
  },
  {
    name: 'REGISTRY_AUTH_FILE',
    put: (machine, host) => write(machine.dir.join('named.json'), auths(host)),
    env: (machine) => ({ REGISTRY_AUTH_FILE: machine.dir.join('named.json') }),
  },
  {
    name: 'the run-time auth.json',
    put: (machine, host) => write(machine.dir.join('run/containers/auth.json'), auths(host)),
  },
  {
    name: 'the lasting auth.json, for a namespace',
    put: (machine, host) =>
      write(machine.dir.join('xdg/containers/auth.json'), auths(`${host}/team`)),
  },
  {
    name: "Docker's config.json",
    put: (machine, host) => write(`${machine.home}/.docker/config.json`, auths(host)),
  },
  {
    name: 'DOCKER_CONFIG, by an old key',
    put: (machine, host) => write(machine.dir.join('d/config.json'), auths(`https://${host}/v1/`)),
    env: (machine) => ({ DOCKER_CONFIG: machine.dir.join('d') }),
  },
  {
    name: '.dockercfg',
    put: (machine, host) => write(`${machine.home}/.dockercfg`, { [host]: { auth: AUTH } }),
  },
  {
    name: 'credsStore',
    put: async (machine, host) => {
      await putHelper(machine, host);
      await write(`${machine.home}/.docker/config.json`, { credsStore: 'vault' });
    },
    env: withHelpers,
  },
  {
    name: 'credHelpers of an auth.json',
    put: async (machine, host) => {
      await putHelper(machine, host);
      const config = { credHelpers: { [host]: 'vault' } };
      await write(machine.dir.join('run/containers/auth.json'), config);
    },
    env: withHelpers,
  },
  {
    name: 'credential-helpers of registries.conf',
    put: async (machine, host) => {
      await putHelper(machine, host);
      const file = machine.dir.join('xdg/containers/registries.conf');
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'credential-helpers = ["containers-auth.json", "vault"]\n');
    },
    env: withHelpers,
  },
];

/** Lets in who has the secret; `thief` is another server, which it points to. */
function registry(kind: Kind, self: () => string, thief: () => string) {
  return ({ path, headers: { authorization } }: ScriptedRequest): Reply => {
    if (path.startsWith('/token')) {
      const known = authorization === `Basic ${AUTH}`;
      return { status: known ? 200 : 401, body: JSON.stringify(known ? { token: TOKEN } : {}) };
    }
    const wanted = kind === 'bearer' ? `Bearer ${TOKEN}` : `Basic ${AUTH}`;
    if (authorization !== wanted) return challenge(kind, self());
    if (kind === 'redirect') return { status: 307, headers: { location: `${thief()}${path}` } };
    const link = `<${thief()}/v2/team/app/tags/list?last=v1>; rel="next"`;
    const body = JSON.stringify({ name: 'team/app', tags: ['v1'] });
    return { status: 200, headers: kind === 'link' ? { link } : {}, body };
  };
}

function challenge(kind: Kind, origin: string): Reply {
  const scheme =
    kind === 'bearer' ? `Bearer realm="${origin}/token",service="s"` : 'Basic realm="x"';
  return { status: 401, headers: { 'www-authenticate': scheme } };
}

describe('a secret reaches the registry that it belongs to, and no other', () => {
  let thief: ScriptedServer;
  const registries = new Map<Kind, ScriptedServer>();
  beforeAll(async () => {
    thief = await startScriptedServer(() => challenge('basic', ''));
    for (const kind of KINDS) {
      const self = (): string => registries.get(kind)?.origin ?? '';
      registries.set(kind, await startScriptedServer(registry(kind, self, () => thief.origin)));
    }
  });
  afterAll(async () => {
    await Promise.all([thief, ...registries.values()].map((one) => one.close()));
  });

  const held = (server: ScriptedServer): string =>
    JSON.stringify(
      server.requests.map(({ path, headers, body }) => [path, headers, body.toString()]),
    );

  for (const source of SOURCES) {
    it.each(KINDS)(`${source.name}: %s`, async (kind) => {
      await using machine = await newMachine();
      const server = registries.get(kind) ?? thief;
      await source.put?.(machine, server.host);
      const env = source.env?.(machine, server.host) ?? {};
      const before = server.requests.length;
      const run = (host: string): ReturnType<Machine['regctl']> =>
        machine.regctl(
          ['--debug', '--retry-times', '0', 'tags', ...(source.flags ?? []), `${host}/team/app`],
          { env },
        );

      const own = await run(server.host);
      const followed = kind === 'redirect' || kind === 'link';
      if (!followed) expect(own, own.stderr).toMatchObject({ code: 0, stdout: 'v1\n' });
      const sent = JSON.stringify(server.requests.slice(before).map(({ headers }) => headers));
      expect(sent).toContain(AUTH);

      // Another registry on this machine asks for credentials outright.
      const other = source.forEveryHost === true ? own : await run(thief.host);
      if (source.forEveryHost !== true) expect(other.code).toBe(1);

      for (const secret of FORBIDDEN) {
        expect(held(thief)).not.toContain(secret);
        for (const { stdout, stderr } of [own, other]) {
          expect(stdout + stderr).not.toContain(secret);
        }
      }
    });
  }

  it('the thief was asked, so it could have been told', () => {
    expect(thief.requests.length).toBeGreaterThan(0);
  });
});
