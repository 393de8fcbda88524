import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { missingPrograms, run, type Finished } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { keyringProblem, startKeyring, type Keyring } from '../helpers/keyring.ts';
import { describeUnless } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const HELPER = join(import.meta.dirname, '../../bin/regctl.js');
const SECRET = 'canary-"ä\\ $(id)';

const reason = missingPrograms('docker-registry', 'htpasswd', 'skopeo') ?? (await keyringProblem());
describeUnless(reason, 'docker-credential-regctl on a keychain', () => {
  let keyring: Keyring;
  let registry: DockerRegistry;
  let machine: Machine;
  /** A machine's environment with the keychain, and the helper on PATH as npm puts it there. */
  let env: Record<string, string>;

  beforeAll(async () => {
    keyring = await startKeyring();
    registry = await startDockerRegistry({ htpasswd: { username: 'ann', password: SECRET } });
    const authorization = `Basic ${Buffer.from(`ann:${SECRET}`).toString('base64')}`;
    await pushImage(registry.origin, 'app', ['v1'], await makeImage(), { authorization });
    machine = await newMachine();
    const bin = machine.dir.join('bin');
    await mkdir(bin);
    await symlink(HELPER, join(bin, 'docker-credential-regctl'));
    env = { ...machine.env, ...keyring.env, PATH: `${bin}:${machine.env['PATH'] ?? ''}` };
  });
  afterAll(async () => {
    const all = [registry, machine, keyring];
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
  });

  const helper = (verb: string, input = ''): Promise<Finished> =>
    run('docker-credential-regctl', [verb], { env, input });
  const skopeo = (...args: string[]): Promise<Finished> => {
    const [verb = '', ...rest] = args;
    const flags = verb === 'logout' ? [] : ['--tls-verify=false'];
    return run('skopeo', [verb, ...flags, ...rest], { env, input: `${SECRET}\n` });
  };
  const write = async (path: string, config: unknown): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  };
  const docker = (): string => `${machine.home}/.docker/config.json`;
  const containers = (): string => machine.dir.join('run/containers/auth.json');
  const asAnn = ['-u', 'ann', '--password-stdin'];

  it('keeps many logins, stored at once, and gives, lists and erases them', async () => {
    const hosts = Array.from({ length: 8 }, (_item, index) => `r${index}.example`);
    const long = `${SECRET}${'x'.repeat(6000)}`;
    const stored = await Promise.all(
      hosts.map((ServerURL) =>
        helper('store', JSON.stringify({ ServerURL, Username: 'u', Secret: long })),
      ),
    );
    expect(stored.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      hosts.map(() => ({ code: 0, stdout: '' })),
    );
    const got = await helper('get', 'r3.example\n');
    expect(JSON.parse(got.stdout)).toEqual({
      ServerURL: 'r3.example',
      Username: 'u',
      Secret: long,
    });
    const listed = JSON.parse((await helper('list', 'unused')).stdout) as object;
    expect(Object.keys(listed).sort()).toEqual(hosts);
    for (const host of hosts) expect((await helper('erase', host)).code).toBe(0);
    expect(await helper('get', 'r3.example')).toMatchObject({
      code: 1,
      stdout: 'credentials not found in native keychain\n',
    });
  });

  it('what regctl login keeps there skopeo uses, and no file holds the secret', async () => {
    const config = { credsStore: 'regctl', credHelpers: { [registry.host]: 'regctl' } };
    await write(docker(), config);
    // Not on PATH here: regctl finds the helper that came with it.
    const own = { env: { ...keyring.env } };
    const login = ['--debug', 'login', ...asAnn, registry.host];
    const done = await machine.expect(0, login, { ...own, input: `${SECRET}\n` });
    expect(done.stderr).toContain('is stored in docker-credential-regctl');
    expect(done.stdout + done.stderr).not.toContain(SECRET);
    expect(await readFile(docker(), 'utf8')).not.toContain('"auth"');
    const tags = await machine.expect(0, ['--debug', 'tags', `${registry.host}/app`], own);
    expect(tags.stdout).toBe('v1\n');
    expect(tags.stderr).toContain(`${docker()} answers by docker-credential-regctl`);
    expect(tags.stderr).not.toContain(SECRET);
    const listed = await skopeo('list-tags', `docker://${registry.host}/app`);
    expect(listed).toMatchObject({ code: 0 });
    await machine.expect(0, ['logout', registry.host], own);
    expect(await skopeo('list-tags', `docker://${registry.host}/app`)).toMatchObject({ code: 1 });
    await write(docker(), {});
  });

  it('what skopeo login keeps there regctl uses', async () => {
    await write(containers(), { credHelpers: { [registry.host]: 'regctl' } });
    expect(await skopeo('login', ...asAnn, registry.host)).toMatchObject({ code: 0 });
    expect(JSON.parse((await helper('list')).stdout)).toEqual({ [registry.host]: 'ann' });
    const tags = ['tags', `${registry.host}/app`];
    expect((await machine.expect(0, tags, { env })).stdout).toBe('v1\n');
    expect(await skopeo('logout', registry.host)).toMatchObject({ code: 0 });
    await machine.expect(1, tags, { env });
    await write(containers(), {});
  });

  it.each(['no bus', 'a bus without a keyring'])(
    'with %s there is no keychain, and a login goes to the file',
    async (what) => {
      await using bare = what === 'no bus' ? undefined : await startKeyring('none');
      const own = { env: { ...bare?.env } };
      await write(docker(), { credsStore: 'regctl' });
      const login = ['login', ...asAnn, registry.host];
      const done = await machine.expect(0, login, { ...own, input: `${SECRET}\n` });
      expect(done.stderr).toContain('there is no keychain here, so the login goes to a file');
      expect(await readFile(docker(), 'utf8')).toContain('"auth"');
      const tags = await machine.expect(0, ['tags', `${registry.host}/app`], own);
      expect(tags.stdout).toBe('v1\n');
      await machine.expect(0, ['logout', registry.host], own);
      await machine.expect(1, ['tags', `${registry.host}/app`], own);
      const asked = {
        env: { ...machine.env, ...bare?.env },
        input: '{"ServerURL":"a","Username":"b"}',
      };
      expect(await run(HELPER, ['store'], asked)).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^there is no keychain here: .*gnome-keyring/u) as string,
      });
      await write(docker(), {});
    },
  );

  it('with a locked one fails with the cure, and stores the secret nowhere', async () => {
    await using locked = await startKeyring('locked', registry.host);
    const own = { env: { ...locked.env } };
    await write(docker(), { credsStore: 'regctl' });
    const login = ['login', ...asAnn, registry.host];
    const error = await machine.jsonError(1, login, { ...own, input: `${SECRET}\n` });
    expect(error.code).toBe('CREDENTIAL_HELPER');
    expect(error.message).toMatch(/the keychain failed: .*; unlock it, or/u);
    expect(JSON.parse(await readFile(docker(), 'utf8'))).toEqual({ credsStore: 'regctl' });
    const tags = await machine.jsonError(1, ['tags', `${registry.host}/app`], own);
    expect(tags.code).toBe('CREDENTIAL_HELPER');
    await machine.expect(0, ['tags', '--creds', `ann:${SECRET}`, `${registry.host}/app`], own);
    await write(docker(), {});
  });
});
