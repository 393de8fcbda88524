import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLoginStore } from '../../../src/credentials/logins/store.ts';
import { createCredentialChain } from '../../../src/credentials/chain.ts';
import type { CredentialSourcesOptions } from '../../../src/credentials/sources/options.ts';
import type { LoginStore } from '../../../src/credentials/types.ts';
import { createTemporaries, type Temporaries } from '../../../src/util/temporaries.ts';
import { withFileLock } from '../../../src/util/file-lock.ts';
import { basic, memoryHelpers, readJson } from '../fake-helpers.ts';

const LOGIN = { username: 'u', password: 'p' };

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

const failing = async (): Promise<{ status: number; stdout: string; stderr: string }> => ({
  status: 1,
  stdout: 'locked',
  stderr: '',
});

describe('the login store', () => {
  let folder: string;
  let path: string;
  const warnings: string[] = [];
  beforeEach(async () => {
    warnings.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'regctl-login-'));
    path = join(folder, 'docker/config.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const places = (options: Partial<CredentialSourcesOptions> = {}): CredentialSourcesOptions => ({
    env: {},
    home: '/nowhere',
    configDir: join(folder, 'docker'),
    warn: (text) => void warnings.push(text),
    runHelper: memoryHelpers({}).run,
    ...options,
  });
  const store = (options: Partial<CredentialSourcesOptions> = {}): LoginStore =>
    createLoginStore(places(options));
  const put = async (text: string, mode = 0o600): Promise<void> => {
    await mkdir(join(folder, 'docker'), { recursive: true });
    await writeFile(path, text);
    await chmod(path, mode);
  };

  it('writes a private file in a private folder, in the form of Docker', async () => {
    expect(await store().save('a.io', LOGIN)).toEqual({ storedIn: path, plainText: true });
    expect(await readFile(path, 'utf8')).toBe(
      `{\n\t"auths": {\n\t\t"a.io": {\n\t\t\t"auth": "${basic('u:p')}"\n\t\t}\n\t}\n}`,
    );
    expect([await modeOf(path), await modeOf(join(folder, 'docker'))]).toEqual([0o600, 0o700]);
    expect(await readdir(join(folder, 'docker'))).toEqual(['config.json']);
  });

  it('sweeps what a killed login left, with every login in it', async () => {
    await put('{"auths":{}}');
    const of = (self: string): Temporaries =>
      createTemporaries({ processes: { self, isRunning: async () => false }, now: () => 0 });
    await writeFile(join(folder, 'docker', of('dead-1').name()), 'every login');
    await store({ temporaries: async () => of('new-1') }).save('a.io', LOGIN);
    expect(await readdir(join(folder, 'docker'))).toEqual(['config.json']);
  });

  it('says when DOCKER_AUTH_CONFIG is used instead of what is stored', async () => {
    const variable = JSON.stringify({ auths: { 'a.io': { auth: basic('other:x') } } });
    const env = { DOCKER_AUTH_CONFIG: variable };
    await store({ env }).save('a.io', LOGIN);
    await store({ env }).remove('a.io');
    expect(warnings).toEqual([
      'DOCKER_AUTH_CONFIG has a login for a.io, which is used instead of the stored one; unset it to use that',
      'DOCKER_AUTH_CONFIG has a login for a.io, which stays; unset it to log out',
    ]);
    await store({ env }).save('b.io', LOGIN);
    await store({ env, authfile: join(folder, 'auth.json') }).save('a.io', LOGIN);
    expect(warnings).toHaveLength(2);
  });

  it('leaves a login to a helper that answers by itself, and is an error where it does not', async () => {
    await put('{"credsStore":"cloud"}');
    const answers = (login: object | undefined): Partial<CredentialSourcesOptions> => ({
      runHelper: async ({ action }) => {
        if (action === 'get' && login !== undefined)
          return { status: 0, stdout: JSON.stringify(login), stderr: '' };
        const stdout =
          action === 'get' ? 'credentials not found in native keychain' : 'not implemented';
        return { status: 1, stdout, stderr: '' };
      },
    });
    const cloud = store(answers({ Username: 'AWS', Secret: 's' }));
    expect(await cloud.save('a.io', LOGIN)).toEqual({
      storedIn: 'docker-credential-cloud',
      plainText: false,
      supplied: true,
    });
    expect(await cloud.remove('a.io')).toEqual([]);
    await expect(store(answers(undefined)).save('a.io', LOGIN)).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: expect.stringContaining('stores no logins and has none for a.io') as string,
    });
    expect(await readFile(path, 'utf8')).not.toContain(basic('u:p'));
  });

  it('has no place for a login of a user without a home, and says how to name one', async () => {
    const homeless = { home: undefined, configDir: undefined };
    await expect(store(homeless).save('a.io', LOGIN)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'cannot store the login of a.io: this user has no home directory',
      hint: 'Set HOME to an absolute path, or name a file: regctl login --authfile FILE a.io',
    });
    const file = join(folder, 'auth.json');
    const { storedIn } = await store({ ...homeless, authfile: file }).save('a.io', LOGIN);
    expect(storedIn).toBe(file);
    expect(await store(homeless).remove('a.io')).toEqual([]);
  });

  it('keeps logins in the helper that registries.conf lists first, and forgets them in all', async () => {
    const vaults = { first: {}, last: { 'a.io': { Username: 'old', Secret: 's' } } };
    const { run } = memoryHelpers(vaults);
    const listed = (...names: string[]): LoginStore =>
      store({
        configDir: undefined,
        home: folder,
        runHelper: run,
        credentialHelpers: () => names,
      });
    const both = listed('first', 'containers-auth.json', 'last');
    expect(await both.save('docker.io', LOGIN)).toEqual({
      storedIn: 'docker-credential-first',
      plainText: false,
    });
    expect(vaults.first).toEqual({ 'docker.io': { Username: 'u', Secret: 'p' } });
    expect(await both.list()).toEqual(['a.io', 'docker.io']);
    await expect(both.save('a.io/team', LOGIN)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await both.remove('a.io')).toEqual(['docker-credential-last']);
    expect(await both.remove('docker.io')).toEqual(['docker-credential-first']);
    expect(vaults).toEqual({ first: {}, last: {} });
    const filesFirst = listed('containers-auth.json', 'last');
    expect(await filesFirst.save('b.io', LOGIN)).toMatchObject({ plainText: true });
  });

  it('forgets what lies in files also where a listed helper is not installed', async () => {
    const vaults = { last: { 'a.io': { Username: 'old', Secret: 's' } } };
    const { run } = memoryHelpers(vaults);
    const logins = store({
      configDir: undefined,
      home: folder,
      runHelper: run,
      credentialHelpers: () => ['containers-auth.json', 'nowhere', 'last'],
    });
    await logins.save('a.io', LOGIN);
    await expect(logins.remove('a.io')).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect(vaults).toEqual({ last: {} });
    await expect(logins.remove('a.io')).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect(await logins.list()).toEqual([]);
  });

  it('keeps unknown keys, their order, and mode and owner of the file', async () => {
    await put(
      JSON.stringify({
        zeta: { deep: [1, null] },
        auths: { 'b.io': { auth: basic('x:y'), email: 'e' } },
        alpha: true,
      }).replace('"alpha"', '"__proto__":{"x":1},"alpha"'),
      0o640,
    );
    // Only root may give a file away; for others the owner is the same before and after.
    if (process.getuid?.() === 0) await chown(path, 1234, 2345);
    const { uid, gid } = await stat(path);
    await store().save('b.io', LOGIN);
    await store().save('docker.io', LOGIN);
    const text = await readFile(path, 'utf8');
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'zeta',
      'auths',
      '__proto__',
      'alpha',
    ]);
    expect(JSON.parse(text)).toMatchObject({
      zeta: { deep: [1, null] },
      auths: {
        'b.io': { auth: basic('u:p'), email: 'e' },
        'https://index.docker.io/v1/': { auth: basic('u:p') },
      },
    });
    expect(await modeOf(path)).toBe(0o640);
    expect(await stat(path)).toMatchObject({ uid, gid });
  });

  it('leaves no older secret of the same registry behind', async () => {
    await put(
      JSON.stringify({
        auths: {
          'docker.io': { auth: basic('old:old') },
          'https://index.docker.io/v1/': { identitytoken: 'old', username: 'old' },
          'docker.io/team': { auth: basic('team:t') },
        },
      }),
    );
    await store().save('docker.io', LOGIN);
    expect(await readJson(path)).toEqual({
      auths: {
        'https://index.docker.io/v1/': { auth: basic('u:p') },
        'docker.io/team': { auth: basic('team:t') },
      },
    });
  });

  it('loses no login when many come at once', async () => {
    const hosts = Array.from({ length: 20 }, (_item, index) => `r${index}.io`);
    await Promise.all(hosts.map((host) => store().save(host, { ...LOGIN, password: host })));
    expect(await store().list()).toEqual([...hosts].sort());
    expect(await readdir(join(folder, 'docker'))).toEqual(['config.json']);
  });

  it.each(['existing', 'dangling'])('writes through an %s symbolic link', async (kind) => {
    await mkdir(join(folder, 'docker'));
    await mkdir(join(folder, 'real'));
    if (kind === 'existing') await writeFile(join(folder, 'real/config.json'), '{"x":1}');
    await symlink('../real/config.json', path);
    await store().save('a.io', LOGIN);
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readJson(join(folder, 'real/config.json'))).toMatchObject({
      auths: { 'a.io': { auth: basic('u:p') } },
    });
  });

  it('refuses circular links and a folder that cannot be one', async () => {
    await mkdir(join(folder, 'docker'));
    await symlink('config.json', path);
    await expect(store().save('a.io', LOGIN)).rejects.toMatchObject({ code: 'IO' });
    await writeFile(join(folder, 'file'), '');
    const blocked = store({ configDir: join(folder, 'file') });
    await expect(blocked.save('a.io', LOGIN)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(join(folder, 'file')) as string,
    });
  });

  // sysfs takes no new files, not even from root.
  it.skipIf(!existsSync('/sys/kernel'))('says why a read-only folder takes no login', async () => {
    const authfile = '/sys/kernel/auth.json';
    await expect(store({ authfile }).save('a.io', LOGIN)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(
        /^cannot write \/sys\/kernel\/auth\.json: (?:permission denied|the file system is read-only)$/u,
      ) as string,
      hint: expect.stringContaining('--authfile') as string,
    });
  });

  it('leaves a malformed file as it is', async () => {
    for (const text of ['{"auths": {', '{"auths": []}']) {
      await put(text);
      await expect(store().save('a.io', LOGIN)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await expect(store().remove('a.io')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });

  it.each(['', 'a:b'])('cannot store the user %j', async (username) => {
    await expect(store().save('a.io', { username, password: 'p' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('removes every spelling that a look-up would find, and says when there was none', async () => {
    await put(
      JSON.stringify({
        auths: {
          'a.io': { auth: basic('u:p') },
          'https://a.io/v1/': { auth: basic('u:p') },
          'a.io/x': { auth: basic('u:p') },
          'a.io:5000': { auth: basic('u:p') },
          'sub.a.io': { auth: basic('u:p') },
        },
        keep: 1,
      }),
    );
    expect(await store().remove('a.io')).toEqual([path]);
    expect(await readJson(path)).toEqual({
      auths: { 'a.io:5000': { auth: basic('u:p') }, 'sub.a.io': { auth: basic('u:p') } },
      keep: 1,
    });
    expect(await createCredentialChain({ ...places(), flags: {} }).lookup('a.io')).toBeUndefined();
    expect(await store().remove('a.io')).toEqual([]);
    expect(await store().list()).toEqual(['a.io:5000', 'sub.a.io']);
  });

  it('uses a named auth file, whose namespace logins stay', async () => {
    const authfile = join(folder, 'new/auth.json');
    const named = store({ authfile });
    expect(await named.save('a.io', LOGIN)).toEqual({ storedIn: authfile, plainText: true });
    await writeFile(
      authfile,
      JSON.stringify({
        auths: { 'a.io': { auth: basic('u:p') }, 'a.io/t': { auth: basic('t:p') } },
      }),
    );
    expect(await named.remove('a.io')).toEqual([authfile]);
    expect(await readJson(authfile)).toEqual({ auths: { 'a.io/t': { auth: basic('t:p') } } });
  });

  describe('in both worlds', () => {
    const runtime = (): string => join(folder, 'run/containers/auth.json');
    const both = (options: Partial<CredentialSourcesOptions> = {}): LoginStore =>
      store({
        configDir: undefined,
        home: join(folder, 'home'),
        env: { XDG_RUNTIME_DIR: join(folder, 'run'), DOCKER_CONFIG: join(folder, 'docker') },
        ...options,
      });
    const putRuntime = async (content: unknown): Promise<void> => {
      await mkdir(join(folder, 'run/containers'), { recursive: true });
      await writeFile(runtime(), JSON.stringify(content), { mode: 0o600 });
    };

    it("writes Docker's file, whatever an auth.json says of other registries", async () => {
      await putRuntime({
        auths: { 'b.io': { auth: basic('x:y') }, 'a.io/t': { auth: basic('t:p') } },
      });
      expect(await both().save('a.io', LOGIN)).toEqual({ storedIn: path, plainText: true });
      expect(await both().list()).toEqual(['a.io', 'a.io/t', 'b.io']);
    });

    it('replaces the login in force, and logs out of every file', async () => {
      const old = { 'docker.io': { auth: basic('old:o') }, 'docker.io/t': { auth: basic('t:p') } };
      await putRuntime({ auths: old });
      await put(JSON.stringify({ auths: { 'docker.io': { auth: basic('older:o') } } }));
      expect(await both().save('docker.io', LOGIN)).toEqual({
        storedIn: runtime(),
        plainText: true,
      });
      expect(await readJson(runtime())).toEqual({
        auths: { ...old, 'docker.io': { auth: basic('u:p') } },
      });
      expect(await both().remove('docker.io')).toEqual([runtime(), path]);
      expect(await readJson(runtime())).toEqual({ auths: { 'docker.io/t': old['docker.io/t'] } });
      expect(await readJson(path)).toEqual({ auths: {} });
    });

    it('keeps a login of a namespace where containers’ tools do', async () => {
      const lasting = join(folder, 'home/.config/containers/auth.json');
      expect(await both().save('b.io/team', LOGIN)).toEqual({ storedIn: lasting, plainText: true });
      expect(await both().remove('b.io/team')).toEqual([lasting]);
      await mkdir(join(folder, 'run'));
      expect(await both().save('a.io/team', LOGIN)).toEqual({
        storedIn: runtime(),
        plainText: true,
      });
      expect(await readJson(runtime())).toEqual({ auths: { 'a.io/team': { auth: basic('u:p') } } });
      await both().save('docker.io/team', LOGIN);
      expect(await both().list()).toEqual(['a.io/team', 'docker.io/team']);
      expect(await both().remove('a.io')).toEqual([]);
      expect(await both().remove('a.io/team')).toEqual([runtime()]);
      expect(await both().list()).toEqual(['docker.io/team']);
      await expect(store().save('a.io/team', LOGIN)).rejects.toMatchObject({ code: 'USAGE' });
    });

    it('uses the helper that an auth.json names, under the key that containers’ tools use', async () => {
      await putRuntime({
        credHelpers: { 'docker.io': 'm' },
        auths: { 'docker.io': { auth: basic('o:o') } },
      });
      const vault = {};
      const one = both({ runHelper: memoryHelpers({ m: vault }).run });
      expect(await one.save('docker.io', LOGIN)).toEqual({
        storedIn: 'docker-credential-m',
        plainText: false,
      });
      expect(vault).toEqual({ 'docker.io': { Username: 'u', Secret: 'p' } });
      expect(await readJson(runtime())).toEqual({ credHelpers: { 'docker.io': 'm' }, auths: {} });
      await expect(one.save('docker.io/team', LOGIN)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      });
      expect(await one.remove('docker.io')).toEqual(['docker-credential-m']);
      expect(vault).toEqual({});
    });

    it('takes a login out of .dockercfg, whose top level is the map of logins', async () => {
      await mkdir(join(folder, 'home'));
      const legacy = join(folder, 'home/.dockercfg');
      await writeFile(
        legacy,
        JSON.stringify({
          'https://a.io/v1/': { auth: basic('u:p') },
          'b.io': { auth: basic('u:p') },
        }),
        { mode: 0o600 },
      );
      expect(await both().remove('a.io')).toEqual([legacy]);
      expect(await readJson(legacy)).toEqual({ 'b.io': { auth: basic('u:p') } });
    });
  });

  describe('with a helper', () => {
    const held = { 'b.io': { Username: 'x', Secret: 'y' } };

    it('stores there, clears the plain text, and leaves the mark of Docker', async () => {
      await put(JSON.stringify({ auths: { 'a.io': { auth: basic('old:o') } }, credsStore: 'm' }));
      const vault = { ...held };
      const one = store({ runHelper: memoryHelpers({ m: vault }).run });
      expect(await one.save('a.io', LOGIN)).toEqual({
        storedIn: 'docker-credential-m',
        plainText: false,
      });
      expect(vault).toMatchObject({ 'a.io': { Username: 'u', Secret: 'p' } });
      expect(await readJson(path)).toEqual({ auths: { 'a.io': {} }, credsStore: 'm' });
      expect(await one.list()).toEqual(['a.io', 'b.io']);
      expect(await one.remove('a.io')).toEqual(['docker-credential-m']);
      expect(Object.keys(vault)).toEqual(['b.io']);
      expect(await readJson(path)).toEqual({ auths: {}, credsStore: 'm' });
      expect(await one.remove('a.io')).toEqual([]);
    });

    it('that is missing or fails stores nothing anywhere', async () => {
      const text = JSON.stringify({ auths: {}, credsStore: 'gone' });
      await put(text);
      for (const one of [store(), store({ runHelper: failing })]) {
        await expect(one.save('a.io', LOGIN)).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
        await expect(one.remove('a.io')).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
      }
      expect(await readFile(path, 'utf8')).toBe(text);
    });

    it('lists each helper for its own registries, and warns about one that cannot', async () => {
      await put(
        JSON.stringify({
          auths: { 'https://index.docker.io/v1/': { auth: basic('u:p') } },
          credHelpers: { 'a.io': 'own', 'c.io': 'gone' },
          credsStore: 'm',
        }),
      );
      const user = { Username: 'u', Secret: 's' };
      const run = memoryHelpers({
        own: { 'a.io': user, 'z.io': user },
        m: { 'a.io': user, 'c.io': user, 'https://d.io/v1/': user },
      }).run;
      expect(await store({ runHelper: run }).list()).toEqual(['a.io', 'd.io', 'docker.io']);
      expect(warnings).toEqual([expect.stringContaining('docker-credential-gone')]);
    });
  });
});

describe('the lock', () => {
  let folder: string;
  let lock: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'regctl-lock-'));
    lock = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('of a process that died is taken over, whatever its age says, by one at a time', async () => {
    await writeFile(lock, 'dead');
    await utimes(lock, new Date('2100-01-01'), new Date('2100-01-01'));
    let inside = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    const all = Array.from({ length: 5 }, () => withFileLock(lock, task, { staleMs: 100 }));
    await Promise.all(all);
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is let go when the task fails', async () => {
    const refused = withFileLock(lock, () => Promise.reject(new Error('no')));
    await expect(refused).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is waited for no longer than the signal lets', async () => {
    await writeFile(lock, 'held');
    const controller = new AbortController();
    const waiting = withFileLock(lock, async () => undefined, { signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    expect(await readFile(lock, 'utf8')).toBe('held');
  });
});
