import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, type Finished } from '../helpers/commands.ts';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');
/** No system's list of users has it. */
const STRANGER = ['--reuid=54321', '--regid=54321', '--clear-groups', '--'];

/** Why a process of a user that the system does not know cannot be started here. */
function strangerProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const look = ["require('node:fs').readFileSync(process.argv[1])", BIN];
  const done = spawnSync('setpriv', [...STRANGER, process.execPath, '-e', ...look]);
  return done.status === 0 ? undefined : 'no setpriv, or others may not read this clone';
}

const users: readonly [string, readonly string[], string | undefined][] = [
  ['this user', [], undefined],
  ['a user that the system does not know', ['setpriv', ...STRANGER], strangerProblem()],
];

/** What a checked-out repository may hold: all of it would send a login, or the request, elsewhere. */
const PLANTED: Readonly<Record<string, string>> = {
  '.docker/config.json': '{ "credHelpers": "planted" }',
  '.dockercfg': 'planted',
  '.config/containers/auth.json': 'planted',
  '.config/containers/registries.conf': 'planted',
  '.config/regctl/known-realms.json': 'planted',
  'containers/registries.conf': 'planted',
  'containers/auth.json': 'planted',
  'regctl/known-realms.json': 'planted',
};

const suite = (as: readonly string[]) => (): void => {
  let registry: ScriptedServer;
  let dir: TempDir;
  let planted: readonly string[];
  const authorization = `Basic ${Buffer.from('ann:canary').toString('base64')}`;
  const files = async (): Promise<readonly string[]> =>
    (await readdir(dir.path, { recursive: true })).sort();

  beforeAll(async () => {
    registry = await startScriptedServer((request) =>
      request.headers['authorization'] === authorization
        ? { status: 200, body: request.path === '/v2/' ? '{}' : '{"name":"app","tags":["v1"]}' }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    );
    dir = await tempDir();
    for (const [path, text] of Object.entries(PLANTED)) {
      await mkdir(join(dir.join(path), '..'), { recursive: true });
      await writeFile(dir.join(path), text);
    }
    await mkdir(dir.join('certs.d'));
    planted = await files();
    spawnSync('chmod', ['-R', 'a+rwX', dir.path]);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  const regctl = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input?: string,
  ): Promise<Finished> => {
    const [program = '', ...rest] = [...as, process.execPath, BIN, ...args];
    const usual = { PATH: process.env['PATH'], REGCTL_CACHE: 'off' };
    return run(program, rest, {
      cwd: dir.path,
      env: { ...usual, ...env },
      ...(input === undefined ? {} : { input }),
    });
  };

  const wrong = { HOME: '', XDG_CONFIG_HOME: '.', XDG_CACHE_HOME: '.', XDG_RUNTIME_DIR: '.' };
  const environments = [{}, wrong, { ...wrong, HOME: '.' }];

  it('where HOME is missing, empty or relative', async () => {
    const tags = ['tags', '--creds', 'ann:canary', `${registry.host}/app`];
    for (const env of environments) {
      expect(await regctl(['--version'], env)).toMatchObject({ code: 0, stderr: '' });
      expect(await regctl(tags, env)).toMatchObject({ code: 0, stdout: 'v1\n', stderr: '' });
    }
    const auth = dir.join('named.json');
    const login = ['login', '-u', 'ann', '--password-stdin', '--authfile', auth, registry.host];
    expect(await regctl(login, wrong, 'canary\n')).toMatchObject({ code: 0 });
    const use = ['tags', '--authfile', auth, `${registry.host}/app`];
    expect(await regctl(use, wrong)).toMatchObject({ code: 0, stdout: 'v1\n' });
    const logout = ['logout', '--authfile', auth, registry.host];
    expect(await regctl(logout, wrong)).toMatchObject({ code: 0 });
    expect(await files()).toEqual([...planted, 'named.json'].sort());
  });

  it.runIf(as.length > 0)(
    'and a login of a user whom the system does not know says so',
    async () => {
      const login = ['login', '-u', 'ann', '--password-stdin', registry.host];
      const done = await regctl(login, wrong, 'canary\n');
      expect(done).toMatchObject({ code: 1, stdout: '' });
      expect(done.stderr).toContain(
        `cannot store the login of ${registry.host}: this user has no home directory`,
      );
      expect(done.stderr).toContain(`regctl login --authfile FILE ${registry.host}`);
      expect(await regctl(['logout', registry.host], wrong)).not.toMatchObject({ code: null });
    },
  );
};

for (const [who, as, reason] of users) {
  describeUnless(reason, `the working directory is never the home of ${who}`, suite(as));
}
