import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHostPolicies } from '../../../src/config/hosts/policy.ts';
import { loadRegistries } from '../../../src/config/containers/registries.ts';
import type { Registries } from '../../../src/config/containers/types.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly registriesConf?: string;
  readonly daemonConfig?: string;
}

/** `files`: path below the folder → text. Home is `home`, the machine's files are in `etc`. */
async function load(
  dir: TempDir,
  files: Readonly<Record<string, string>>,
  given: Given = {},
): Promise<Registries & { warnings: string[] }> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(dir.join(name)), { recursive: true });
    await writeFile(dir.join(name), text);
  }
  const warnings: string[] = [];
  const { env = {}, registriesConf, daemonConfig } = given;
  const registries = await loadRegistries({
    env,
    home: dir.join('home'),
    systemDir: dir.join('etc'),
    registriesConf: registriesConf === undefined ? undefined : dir.join(registriesConf),
    daemonConfig: daemonConfig === undefined ? undefined : dir.join(daemonConfig),
    warn: (text) => warnings.push(text),
  });
  return { ...registries, warnings };
}

function at(registries: Registries, name: string): string {
  const slash = name.indexOf('/');
  const { primary, mirrors } = registries.route({
    registry: name.slice(0, slash),
    repository: name.slice(slash + 1),
  });
  return [...mirrors, primary].map((one) => `${one.registry}/${one.repository}`).join(' ');
}

const move = (prefix: string, location: string): string =>
  `[[registry]]\nprefix="${prefix}"\nlocation="${location}"\n`;

describe('which files are in force', () => {
  const ETC = 'etc/registries.conf';
  const ETC_D = 'etc/registries.conf.d';
  const USER = 'home/.config/containers/registries.conf';
  const USER_D = 'home/.config/containers/registries.conf.d';

  it('none: every name stays', async () => {
    await using dir = await tempDir();
    const registries = await load(dir, {});
    expect(registries.files).toEqual([]);
    expect(at(registries, 'a.example/x')).toBe('a.example/x');
    expect(registries.expand('busybox')).toBe('busybox');
  });

  it('the machine, its drop-ins by name, then the drop-ins of the user', async () => {
    await using dir = await tempDir();
    const registries = await load(dir, {
      [ETC]: move('a.example', 'etc.example') + move('b.example', 'etc.example'),
      [`${ETC_D}/20.conf`]: move('b.example', 'second.example'),
      [`${ETC_D}/10.conf`]: move('b.example', 'first.example') + move('c.example', 'first.example'),
      [`${ETC_D}/30.txt`]: 'not TOML at all',
      [`${USER_D}/x.conf`]: move('c.example', 'user.example'),
    });
    expect(at(registries, 'a.example/x')).toBe('etc.example/x');
    expect(at(registries, 'b.example/x')).toBe('second.example/x');
    expect(at(registries, 'c.example/x')).toBe('user.example/x');
  });

  it('the file of the user takes the place of the machine and its drop-ins', async () => {
    await using dir = await tempDir();
    const registries = await load(dir, {
      [ETC]: move('a.example', 'etc.example'),
      [`${ETC_D}/10.conf`]: move('b.example', 'etc.example'),
      [USER]: move('c.example', 'user.example'),
      [`${USER_D}/10.conf`]: move('d.example', 'user.example'),
    });
    expect(['a', 'b', 'c', 'd'].map((one) => at(registries, `${one}.example/x`))).toEqual([
      'a.example/x',
      'b.example/x',
      'user.example/x',
      'user.example/x',
    ]);
  });

  it('XDG_CONFIG_HOME moves the folder of the user, unless it is relative', async () => {
    await using dir = await tempDir();
    const files = {
      [USER]: move('a.example', 'home.example'),
      'xdg/containers/registries.conf': move('a.example', 'xdg.example'),
    };
    const xdg = await load(dir, files, { env: { XDG_CONFIG_HOME: dir.join('xdg') } });
    expect(at(xdg, 'a.example/x')).toBe('xdg.example/x');
    const relative = await load(dir, files, { env: { XDG_CONFIG_HOME: 'xdg' } });
    expect(at(relative, 'a.example/x')).toBe('home.example/x');
  });

  it('a named file is the only one; the flag outranks the variable', async () => {
    await using dir = await tempDir();
    const files = {
      [ETC]: move('a.example', 'etc.example'),
      [`${USER_D}/10.conf`]: move('b.example', 'user.example'),
      'env.conf': move('c.example', 'env.example'),
      'flag.conf': move('d.example', 'flag.example'),
    };
    const env = { CONTAINERS_REGISTRIES_CONF: dir.join('env.conf') };
    const byEnv = await load(dir, files, { env });
    expect(byEnv.files).toEqual([dir.join('env.conf')]);
    const byFlag = await load(dir, files, { env, registriesConf: 'flag.conf' });
    expect(byFlag.files).toEqual([dir.join('flag.conf')]);
    expect(at(byFlag, 'd.example/x')).toBe('flag.example/x');
  });

  it('a named file that is missing is an error', async () => {
    await using dir = await tempDir();
    await expect(load(dir, {}, { registriesConf: 'none.conf' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'Correct --registries-conf.',
    });
    await expect(load(dir, {}, { daemonConfig: 'none.json' })).rejects.toMatchObject({
      hint: 'Correct --daemon-config.',
    });
  });
});

describe('short names', () => {
  const ALIASES =
    '[aliases]\n  # fedora\n  "fedora" = "quay.example/fedora/fedora"\n"old" = "a.example/old"\n';
  const expand = async (search: string, names: readonly string[]): Promise<string[]> => {
    await using dir = await tempDir();
    const registries = await load(dir, {
      'etc/registries.conf': search,
      'etc/registries.conf.d/shortnames.conf': ALIASES,
      'etc/registries.conf.d/zz.conf': '[aliases]\n"old" = ""\n',
    });
    return names.map((name) => registries.expand(name));
  };

  it('stay as they are while no file names search registries, aliases or not', async () => {
    const names = ['fedora', 'busybox:1', 'team/app', 'a.example/x'];
    expect(await expand('# unqualified-search-registries = ["example.com"]\n', names)).toEqual(
      names,
    );
    expect(await expand('unqualified-search-registries = []', names)).toEqual(names);
  });

  it('take an alias first, then the one registry; tag and digest are kept', async () => {
    expect(
      await expand('unqualified-search-registries = ["corp.example"]', [
        'fedora:40',
        'fedora@sha256:00',
        'old',
        'team/app:1',
        'a.example/x',
        'localhost/x',
      ]),
    ).toEqual([
      'quay.example/fedora/fedora:40',
      'quay.example/fedora/fedora@sha256:00',
      'corp.example/old',
      'corp.example/team/app:1',
      'a.example/x',
      'localhost/x',
    ]);
  });

  it('of several registries Docker Hub is meant, else the name is refused', async () => {
    expect(
      await expand('unqualified-search-registries = ["corp.example", "docker.io"]', ['busybox']),
    ).toEqual(['busybox']);
    await expect(
      expand('unqualified-search-registries = ["a.example", "b.example"]', ['app:1']),
    ).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
      message: '"app:1" can be a.example/app:1 or b.example/app:1',
    });
  });

  it('a list of aliases alone is not parsed without need', async () => {
    await using dir = await tempDir();
    const broken = { 'etc/registries.conf.d/short.conf': '[aliases]\n"a" = broken\n' };
    expect((await load(dir, broken)).expand('a')).toBe('a');
    const search = { 'etc/registries.conf': 'unqualified-search-registries = ["b.example"]' };
    await expect(load(dir, search)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe("Docker's daemon.json", () => {
  const daemon = async (json: object): Promise<Registries & { warnings: string[] }> => {
    await using dir = await tempDir();
    const files = { 'daemon.json': JSON.stringify(json), 'etc/docker/daemon.json': 'never read' };
    return await load(dir, files, { daemonConfig: 'daemon.json' });
  };

  it('its mirrors are for Docker Hub alone, in order', async () => {
    const registries = await daemon({
      'registry-mirrors': ['https://m1.example/', 'http://m2.example:5000', 'http://m3.example'],
      'log-driver': 'json-file',
    });
    expect(at(registries, 'docker.io/library/x')).toBe(
      'm1.example/library/x m2.example:5000/library/x m3.example:80/library/x docker.io/library/x',
    );
    expect(at(registries, 'ghcr.io/a/x')).toBe('ghcr.io/a/x');
    expect(['m1.example', 'm2.example:5000', 'm3.example'].map(registries.insecureMode)).toEqual([
      undefined,
      'plain',
      'plain',
    ]);
  });

  it('stand behind the mirrors of registries.conf', async () => {
    await using dir = await tempDir();
    const registries = await load(
      dir,
      {
        'r.conf':
          '[[registry]]\nlocation="docker.io"\n[[registry.mirror]]\nlocation="first.example"',
        'daemon.json': '{"registry-mirrors":["https://second.example"]}',
      },
      { registriesConf: 'r.conf', daemonConfig: 'daemon.json' },
    );
    expect(at(registries, 'docker.io/a/x')).toBe(
      'first.example/a/x second.example/a/x docker.io/a/x',
    );
  });

  it.each([
    'm.example',
    'ftp://m.example',
    'https://m.example/path',
    'https://m.example/?q=1',
    'https://m.example/#f',
    'https://u:canary@m.example',
  ])('refuses the mirror %s and repeats no login', async (mirror) => {
    const error = await daemon({ 'registry-mirrors': [mirror] }).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((error as Error).message).not.toContain('canary');
  });

  it('insecure registries are hosts and networks', async () => {
    const registries = await daemon({
      'insecure-registries': ['Reg.Example:5000', 'http://old.example', '10.0.0.0/8', 'fd00::/8'],
    });
    expect(registries.insecureMode('reg.example:5000')).toBe('insecure');
    expect(registries.insecureMode('reg.example')).toBeUndefined();
    expect(registries.insecureMode('old.example')).toBe('insecure');
    expect(registries.warnings).toHaveLength(1);
    const inside = registries.isInsecureAddress;
    expect(['10.1.2.3', '11.0.0.1', 'fd00::1', 'fe80::1', 'x'].map((one) => inside?.(one))).toEqual(
      [true, false, true, false, false],
    );
    await expect(daemon({ 'insecure-registries': ['10.0.0.0/33'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect((await daemon({})).isInsecureAddress).toBeUndefined();
  });
});

describe('policies of hosts', () => {
  const insecureMode = (host: string) =>
    host === 'i.example'
      ? ('insecure' as const)
      : host === 'p.example'
        ? ('plain' as const)
        : undefined;
  const policy = (
    host: string,
    flags: { tlsVerify?: boolean; plainHttp?: boolean } = {},
  ): string => {
    const found = createHostPolicies({
      registries: new Set(['i.example']),
      insecureMode,
      ...flags,
    })(host);
    return `${found.scheme} ${found.verifyTls ? 'verified' : 'unverified'}`;
  };

  it('follow the files, whether a host was named or is a mirror', () => {
    expect(policy('i.example')).toBe('probe unverified');
    expect(policy('I.example:443')).toBe('probe unverified');
    expect(policy('p.example')).toBe('http verified');
    expect(policy('other.example')).toBe('https verified');
    expect(policy('i.example', { plainHttp: true })).toBe('http unverified');
  });

  it('an explicit --tls-verify outranks them', () => {
    expect(policy('i.example', { tlsVerify: true })).toBe('https verified');
    expect(policy('p.example', { tlsVerify: true })).toBe('https verified');
  });
});
