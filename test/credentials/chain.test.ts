import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flagSource, type CredentialFlags } from '../../src/credentials/sources/flags.ts';
import { createCredentialChain, type CredentialChainOptions } from '../../src/credentials/chain.ts';
import type { LookupStep, TraceableCredentialChain } from '../../src/credentials/types.ts';
import { basic, memoryHelpers } from './fake-helpers.ts';

const held = (Username: string): { Username: string; Secret: string } => ({
  Username,
  Secret: 's',
});

const read = async (flags: CredentialFlags): Promise<unknown> =>
  (await flagSource(flags)?.get('a.io'))?.credential;

const login = (username: string, password: string, origin: string): unknown => ({
  kind: 'basic',
  username,
  password,
  origin,
});

const auths = (user: string, ...hosts: string[]): unknown => ({
  auths: Object.fromEntries(hosts.map((host) => [host, { auth: basic(`${user}:p`) }])),
});

const userOf = async (one: TraceableCredentialChain, host: string): Promise<unknown> => {
  const found = await one.lookup(host);
  return found?.kind === 'basic' ? found.username : found;
};

describe('credential flags', () => {
  it.each([
    [{ creds: 'u:p:q' }, login('u', 'p:q', '--creds')],
    [{ creds: 'u' }, login('u', '', '--creds')],
    [{ username: 'u', password: '' }, login('u', '', '--username')],
    [
      { registryToken: 't.t=' },
      { kind: 'registry-token', token: 't.t=', origin: '--registry-token' },
    ],
    [{ noCreds: true }, undefined],
    [{}, undefined],
  ])('%j', async (flags, expected) => expect(await read(flags)).toEqual(expected));

  it.each([
    [{ creds: ':p' }],
    [{ creds: '' }],
    [{ creds: 'u:p', noCreds: true }],
    [{ creds: 'u:p', username: 'u', password: 'p' }],
    [{ creds: 'u:p', registryToken: 't' }],
    [{ username: 'u', noCreds: true }],
    [{ username: 'u' }],
    [{ password: 'p' }],
    [{ registryToken: '' }],
    [{ registryToken: 'a\r\nb' }],
  ])('%j is wrong usage', (flags) => {
    expect(() => flagSource(flags)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });
});

describe('the chain', () => {
  let folder: string;
  const warnings: string[] = [];
  beforeEach(async () => {
    warnings.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'regctl-sources-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const chain = (options: Partial<CredentialChainOptions> = {}): TraceableCredentialChain =>
    createCredentialChain({
      flags: {},
      env: {},
      home: '/nowhere',
      configDir: folder,
      warn: (text) => void warnings.push(text),
      runHelper: memoryHelpers({}).run,
      ...options,
    });
  const file = async (name: string, content: unknown): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify(content), { mode: 0o600 });
    return path;
  };

  it('asks flags, variable and file in this order', async () => {
    const path = await file('config.json', auths('file', 'a.io', 'b.io', 'c.io'));
    const one = chain({
      flags: { creds: 'flag:p' },
      registry: 'a.io',
      env: { DOCKER_AUTH_CONFIG: JSON.stringify(auths('variable', 'a.io', 'b.io')) },
    });
    expect(await userOf(one, 'a.io')).toBe('flag');
    expect(await userOf(one, 'b.io')).toBe('variable');
    expect(await userOf(one, 'c.io')).toBe('file');
    expect(await one.lookup('d.io')).toBeUndefined();
    expect((await one.lookup('c.io'))?.origin).toBe(path);
    expect(one.describeSources()).toEqual(['--creds', 'DOCKER_AUTH_CONFIG', path]);
  });

  it('ends at a named file, by flag or by variable', async () => {
    await file('config.json', auths('docker', 'a.io', 'b.io'));
    const authfile = await file('auth.json', auths('named', 'a.io'));
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify(auths('variable', 'a.io', 'b.io')) };
    for (const one of [
      chain({ env, authfile }),
      chain({
        env: { ...env, REGISTRY_AUTH_FILE: authfile, DOCKER_CONFIG: folder },
        configDir: undefined,
      }),
    ]) {
      expect(await userOf(one, 'a.io')).toBe('named');
      expect(await one.lookup('b.io')).toBeUndefined();
    }
    const env2 = { REGISTRY_AUTH_FILE: authfile };
    expect(await userOf(chain({ env: env2 }), 'a.io')).toBe('docker');
  });

  it('refuses a named file that does not exist', async () => {
    await expect(chain({ authfile: join(folder, 'none') }).lookup('a.io')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('asks nobody with --no-creds, not even a broken file', async () => {
    await writeFile(join(folder, 'config.json'), '{');
    await expect(chain().lookup('a.io')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await chain({ flags: { noCreds: true } }).lookup('a.io')).toBeUndefined();
  });

  it('warns about a variable it cannot use and goes on', async () => {
    await file('config.json', auths('file', 'a.io'));
    for (const text of ['{', '{"auths":{"a.io":{"auth":"!"}}}']) {
      expect(await userOf(chain({ env: { DOCKER_AUTH_CONFIG: text } }), 'a.io')).toBe('file');
    }
    expect(warnings).toHaveLength(2);
  });

  it('asks credHelpers, else credsStore, else the file', async () => {
    await file('config.json', {
      ...(auths('file', 'a.io', 'b.io', 'c.io', 'd.io') as object),
      credHelpers: { 'a.io': 'own', 'd.io': '', 'index.docker.io': 'own' },
      credsStore: 'store',
    });
    const { run, calls } = memoryHelpers({
      own: { 'a.io': held('own'), 'https://index.docker.io/v1/': held('hub') },
      store: { 'a.io': held('store'), 'b.io': held('store'), 'd.io': held('store') },
    });
    const one = chain({ runHelper: run });
    expect(await userOf(one, 'a.io')).toBe('own');
    expect(await userOf(one, 'b.io')).toBe('store');
    expect(await userOf(one, 'c.io')).toBe('file');
    expect(await userOf(one, 'd.io')).toBe('file');
    expect(await userOf(one, 'docker.io')).toBe('hub');
    expect(calls.map((request) => request.stdin)).not.toContain('d.io');
  });

  it('never goes past a helper that fails', async () => {
    await file('config.json', { ...(auths('file', 'a.io') as object), credsStore: 'missing' });
    await expect(chain().lookup('a.io')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      hint: expect.stringContaining(`credsStore in ${join(folder, 'config.json')}`) as string,
    });
    await file('config.json', { credsStore: '../../evil' });
    await expect(chain().lookup('a.io')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('asks a helper once a host, and anew after forget', async () => {
    await file('config.json', { credsStore: 'store' });
    const vault = { 'a.io': { Username: 'u', Secret: 'old' } };
    const { run, calls } = memoryHelpers({ store: vault });
    const one = chain({ runHelper: run });
    await Promise.all(['x', 'y', 'x', undefined].map((name) => one.lookup('a.io', name)));
    expect(calls).toHaveLength(1);
    vault['a.io'].Secret = 'new';
    expect(await one.lookup('a.io', 'x')).toMatchObject({ password: 'old' });
    one.forget('b.io');
    expect(await one.lookup('a.io', 'x')).toMatchObject({ password: 'old' });
    one.forget('a.io');
    expect(await one.lookup('a.io', 'x')).toMatchObject({ password: 'new' });
    expect(calls).toHaveLength(2);
  });

  it('outlives the cancellation of one of several that wait', async () => {
    await file('config.json', { credsStore: 'store' });
    const { run } = memoryHelpers({ store: { 'a.io': { Username: 'u', Secret: 's' } } });
    const controller = new AbortController();
    const one = chain({
      runHelper: async (request, options) => {
        controller.abort(new Error('gone'));
        options?.signal?.throwIfAborted();
        return run(request, options);
      },
    });
    const [gone, stays] = await Promise.allSettled([
      one.lookup('a.io', 'x', { signal: controller.signal }),
      one.lookup('a.io', 'x'),
    ]);
    expect(gone).toMatchObject({ status: 'rejected' });
    expect(stays).toMatchObject({ status: 'fulfilled', value: { username: 'u' } });
  });

  it('cancels the work when all who wait are gone, and asks afresh later', async () => {
    await file('config.json', { credsStore: 'store' });
    const { run } = memoryHelpers({ store: { 'a.io': { Username: 'u', Secret: 's' } } });
    const controller = new AbortController();
    let cancelled = false;
    const one = chain({
      runHelper: async (request, options) => {
        if (controller.signal.aborted) return run(request, options);
        options?.signal?.addEventListener('abort', () => (cancelled = true));
        controller.abort(new Error('gone'));
        return new Promise(() => undefined);
      },
    });
    await expect(one.lookup('a.io', 'x', { signal: controller.signal })).rejects.toThrow('gone');
    expect(await one.lookup('a.io', 'x')).toMatchObject({ username: 'u' });
    expect(cancelled).toBe(true);
  });

  describe('of both worlds', () => {
    const inHome = async (path: string, content: unknown): Promise<string> => {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, JSON.stringify(content), { mode: 0o600 });
      return target;
    };
    const both = (options: Partial<CredentialChainOptions> = {}): TraceableCredentialChain =>
      chain({
        configDir: undefined,
        home: folder,
        env: { XDG_RUNTIME_DIR: join(folder, 'run') },
        ...options,
      });

    it('puts the answer together from several files', async () => {
      const files = [
        await inHome('run/containers/auth.json', auths('runtime', 'a.io')),
        await inHome('.config/containers/auth.json', auths('lasting', 'a.io', 'b.io')),
        await inHome('.docker/config.json', auths('docker', 'a.io', 'b.io', 'c.io')),
        await inHome(
          '.dockercfg',
          (auths('old', 'c.io', 'https://d.io/v1/') as { auths: object }).auths,
        ),
        await inHome('.regctl/config.json', {
          hosts: { 'd.io': { user: 'late', pass: 'p' }, 'e.io': { user: 'regclient', pass: 'p' } },
        }),
      ];
      const one = both();
      const users = await Promise.all(
        ['a.io', 'b.io', 'c.io', 'd.io', 'e.io', 'f.io'].map((host) => userOf(one, host)),
      );
      expect(users).toEqual(['runtime', 'lasting', 'docker', 'old', 'regclient', undefined]);
      expect(one.describeSources()).toEqual(files);
    });

    describe('and helpers of registries.conf', () => {
      const vaults = {
        first: { 'a.io': held('first'), 'docker.io': held('hub') },
        last: { 'a.io': held('last'), 'c.io': held('last') },
      };
      const listed = (
        names: readonly string[],
        options: Partial<CredentialChainOptions> = {},
      ): TraceableCredentialChain =>
        both({
          credentialHelpers: () => names,
          runHelper: memoryHelpers(vaults).run,
          ...options,
        });
      const users = (one: TraceableCredentialChain): Promise<unknown[]> =>
        Promise.all(['a.io', 'b.io', 'c.io', 'docker.io'].map((host) => userOf(one, host)));

      it.each([
        [
          ['first', 'containers-auth.json', 'last'],
          ['first', 'file', 'last', 'hub'],
        ],
        [
          ['containers-auth.json', 'last'],
          ['file', 'file', 'last', undefined],
        ],
        [
          ['last', 'first'],
          ['last', undefined, 'last', 'hub'],
        ],
        [['containers-auth.json'], ['file', 'file', undefined, undefined]],
        // As skopeo has it: an empty list is none.
        [[], ['file', 'file', undefined, undefined]],
      ])('are asked in the order of %j', async (names, expected) => {
        await inHome('.docker/config.json', auths('file', 'a.io', 'b.io'));
        expect(await users(listed(names))).toEqual(expected);
      });

      it('are not asked beside a file that was named, nor after flags that answer', async () => {
        const authfile = await inHome('named.json', auths('named', 'a.io'));
        const { run, calls } = memoryHelpers(vaults);
        const options = { runHelper: run };
        expect(await userOf(listed(['first'], { ...options, authfile }), 'a.io')).toBe('named');
        const flags = { creds: 'flag:p' };
        expect(await userOf(listed(['first'], { ...options, flags }), 'a.io')).toBe('flag');
        const none = listed(['first'], { ...options, flags: { noCreds: true } });
        expect(await userOf(none, 'a.io')).toBeUndefined();
        expect(calls).toEqual([]);
      });

      it('that are missing, or no names, are an error and no reason to ask elsewhere', async () => {
        await inHome('.docker/config.json', auths('file', 'a.io'));
        const missing = listed(['nowhere', 'containers-auth.json']);
        await expect(missing.lookup('a.io')).rejects.toMatchObject({
          code: 'CREDENTIAL_HELPER',
          message: expect.stringContaining('credential-helpers in registries.conf') as string,
        });
        expect(() => listed(['../../evil'])).toThrow(
          expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
        );
      });
    });

    it('asks the helpers of each file for that file alone', async () => {
      await inHome('run/containers/auth.json', {
        credHelpers: { 'a.io': 'one', 'docker.io': 'one' },
      });
      await inHome('.docker/config.json', { credsStore: 'two' });
      const { run, calls } = memoryHelpers({
        one: { 'docker.io': held('hub') },
        two: { 'a.io': held('second'), 'https://index.docker.io/v1/': held('no') },
      });
      const chained = both({ runHelper: run });
      expect(await userOf(chained, 'a.io')).toBe('second');
      expect(await userOf(chained, 'docker.io')).toBe('hub');
      expect(calls.map(({ program, stdin }) => `${program.slice(-3)} ${stdin}`)).toEqual([
        'one a.io',
        'two a.io',
        'one docker.io',
      ]);
    });

    it('prefers the namespace in one file, and names its key as the origin', async () => {
      const path = await inHome('run/containers/auth.json', {
        auths: { 'a.io/team': { auth: basic('team:p') } },
      });
      await inHome('.docker/config.json', auths('whole', 'a.io'));
      const one = both();
      expect(await one.lookup('a.io', 'team/app')).toEqual(
        login('team', 'p', `${path} ("a.io/team")`),
      );
      expect(await one.lookup('a.io', 'other/app')).toMatchObject({ username: 'whole' });
      expect(await one.lookup('a.io')).toMatchObject({ username: 'whole' });
    });

    it('tells who was asked and who answered, in order and without secrets', async () => {
      const runtime = await inHome('run/containers/auth.json', { auths: {} });
      const docker = await inHome('.docker/config.json', auths('ann', 'a.io'));
      const lines: string[] = [];
      const one = both({
        trace: (line) => void lines.push(line),
        flags: { creds: 'x:y' },
        registry: 'z.io',
      });
      expect(await one.explain('a.io')).toEqual([
        step('--creds', 'meant only for z.io'),
        step(runtime, 'no login of it'),
        step(join(folder, '.config/containers/auth.json'), 'no such file'),
        { ...step(docker, 'by auths["a.io"]'), answered: true },
        { ...step(join(folder, '.dockercfg'), `${docker} answered`), asked: false },
        { ...step(join(folder, '.regctl/config.json'), `${docker} answered`), asked: false },
      ]);
      await one.lookup('a.io', 'team/app');
      await one.lookup('b.io');
      expect(lines).toHaveLength(2);
      expect(lines[0]).toContain(`credentials of a.io/team/app: --creds: meant only for z.io; `);
      expect(lines[0]).toContain(`${docker} answers by auths["a.io"]`);
      expect(lines[1]).toMatch(/^credentials of b\.io: .*; none$/u);
      expect(lines.join('')).not.toContain(basic('ann:p'));
    });

    it('a source that fails ends the account, and the look-up', async () => {
      const runtime = join(folder, 'run/containers/auth.json');
      await inHome('run/containers/auth.json', {});
      await writeFile(runtime, '{');
      await inHome('.docker/config.json', auths('ann', 'a.io'));
      const lines: string[] = [];
      const one = both({ trace: (line) => void lines.push(line) });
      const [first, second] = await one.explain('a.io');
      expect(first).toMatchObject({ source: runtime, asked: true, answered: false, failed: true });
      expect(second).toMatchObject({ asked: false, detail: `${runtime} failed` });
      await expect(one.lookup('a.io')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect(lines[0]).toContain('failed: ');
    });

    it('warns of a missing XDG_RUNTIME_DIR, once, and only when nobody answers', async () => {
      await inHome('.docker/config.json', auths('ann', 'a.io'));
      const one = both();
      await one.lookup('a.io');
      expect(warnings).toEqual([]);
      await one.lookup('b.io');
      await one.lookup('c.io');
      expect(warnings).toEqual([expect.stringContaining(join(folder, 'run')) as string]);
    });
  });
});

const step = (source: string, detail: string): LookupStep => ({
  source,
  asked: true,
  answered: false,
  failed: false,
  detail,
});
