import { describe, expect, it } from 'vitest';
import { openKeychain, type KeychainOptions } from '../../../src/credentials/helpers/keychain.ts';
import type {
  Keychain,
  Keyring,
  Keytar,
} from '../../../src/credentials/helpers/keychain-packages.ts';

type Entries = Map<string, string>;
type Failure = () => Promise<never>;

const failWith =
  (code: string, message = 'x'): Failure =>
  async () => {
    throw Object.assign(new Error(message), { code });
  };
const notInstalled = failWith('ERR_MODULE_NOT_FOUND');

/** The package @napi-rs/keyring over a map; `fail` stands for every call. */
function keyringOf(entries: Entries, fail?: Failure): () => Promise<Keyring> {
  class AsyncEntry {
    readonly #account: string;
    constructor(service: string, account: string, options?: unknown) {
      expect([service, options]).toEqual(['s', { linux: { store: 'secret-service' } }]);
      this.#account = account;
    }
    async getPassword(): Promise<string | null> {
      await fail?.();
      return entries.get(this.#account) ?? null;
    }
    async setPassword(secret: string): Promise<void> {
      await fail?.();
      entries.set(this.#account, secret);
    }
    async deletePassword(): Promise<boolean> {
      await fail?.();
      return entries.delete(this.#account);
    }
  }
  const findCredentialsAsync = async (): Promise<{ account: string; password: string }[]> => {
    await fail?.();
    return [...entries].map(([account, password]) => ({ account, password }));
  };
  return async () => ({ AsyncEntry, findCredentialsAsync }) as unknown as Keyring;
}

function keytarOf(entries: Entries): () => Promise<Keytar> {
  return async () => ({
    getPassword: async (_service, account) => entries.get(account) ?? null,
    setPassword: async (_service, account, secret) => void entries.set(account, secret),
    deletePassword: async (_service, account) => entries.delete(account),
    findCredentials: async () => [...entries].map(([account, password]) => ({ account, password })),
  });
}

const open = (more: Partial<KeychainOptions> = {}): Promise<Keychain> =>
  openKeychain({
    service: 's',
    os: 'linux',
    env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/bus' },
    loadKeyring: keyringOf(new Map()),
    loadKeytar: notInstalled,
    ...more,
  });

describe('the keychain', () => {
  it('says when no package for it is installed, or one is broken', async () => {
    const hint = expect.stringContaining('--omit=optional') as string;
    await expect(open({ loadKeyring: notInstalled })).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: 'the optional package @napi-rs/keyring is not installed',
      hint,
    });
    const broken = failWith('ERR_DLOPEN_FAILED', 'no GLIBC_2.99\nstack');
    await expect(open({ loadKeyring: broken })).rejects.toMatchObject({
      message: 'the package @napi-rs/keyring cannot be loaded: no GLIBC_2.99',
      hint,
    });
  });

  it('is not there on Linux without a session bus; no package is loaded then', async () => {
    const loadKeyring = failWith('', 'Unexpected call');
    for (const env of [{}, { DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '/nonexistent' }]) {
      await expect(open({ env, loadKeyring })).rejects.toMatchObject({
        code: 'CREDENTIAL_HELPER',
        message: 'there is no keychain here: no D-Bus session',
      });
    }
    await expect(open({ os: 'darwin', env: {} })).resolves.toBeDefined();
  });

  it.each([
    ['DBus error: org.freedesktop.secrets was not provided by any .service files', false],
    ['zbus error: org.freedesktop.DBus.Error.ServiceUnknown: x', false],
    ['Platform failure: DBus error: Failed to connect to socket /run/user/1/bus', false],
    ['Platform failure: DBus error: Did not receive a reply', true],
    ["Couldn't access platform storage: Secret Service: unlock prompt was dismissed", true],
    ['zbus error: org.freedesktop.Secret.Error.IsLocked: Cannot get secret', true],
  ])('tells one that is missing from one that is locked: %s', async (said, isThere) => {
    const keychain = await open({ loadKeyring: keyringOf(new Map(), failWith('', said)) });
    await expect(keychain.get('a.io')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: `${isThere ? 'the keychain failed' : 'there is no keychain here'}: ${said}`,
      hint: expect.stringContaining(isThere ? 'unlock it, or' : 'gnome-keyring-daemon') as string,
    });
  });

  it('names the cure of the system when a call fails, on one safe line', async () => {
    const loadKeyring = keyringOf(new Map(), failWith('', 'locked\u001b[2J\nmore'));
    for (const [os, cure] of [
      ['darwin', 'security unlock-keychain'],
      ['win32', 'another helper'],
    ] as const) {
      const keychain = await open({ loadKeyring, os });
      await expect(keychain.get('a.io')).rejects.toMatchObject({
        code: 'CREDENTIAL_HELPER',
        message: expect.stringMatching(/^the keychain failed: locked[^\n]*$/u) as string,
        hint: expect.stringContaining(cure) as string,
      });
    }
  });

  it('gives up on a call that hangs', async () => {
    const hang = (): Promise<never> => new Promise(() => undefined);
    const keychain = await open({ loadKeyring: keyringOf(new Map(), hang), timeoutMs: 10 });
    await expect(keychain.set('a.io', 'canary')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: 'the keychain gave no answer within 0.01 s',
    });
  });

  it("reads and erases keytar's entries, and writes its own in their place", async () => {
    const [own, old] = [
      new Map<string, string>(),
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ];
    const keychain = await open({ loadKeyring: keyringOf(own), loadKeytar: keytarOf(old) });
    expect(await keychain.get('a')).toBe('1');
    await keychain.set('a', '3');
    expect([await keychain.get('a'), [...own], [...old]]).toEqual([
      '3',
      [['a', '3']],
      [['b', '2']],
    ]);
    expect(await keychain.list()).toEqual([
      { account: 'a', secret: '3' },
      { account: 'b', secret: '2' },
    ]);
    expect([await keychain.remove('b'), await keychain.remove('b')]).toEqual([true, false]);
    expect(old.size).toBe(0);
  });

  it('is keytar where that is all there is; a keytar that does not load is none', async () => {
    const old = new Map<string, string>();
    const keychain = await open({ loadKeyring: notInstalled, loadKeytar: keytarOf(old) });
    await keychain.set('a', '1');
    expect([...old]).toEqual([['a', '1']]);
    const broken = await open({ loadKeytar: failWith('ERR_DLOPEN_FAILED') });
    expect(await broken.get('a')).toBeUndefined();
  });

  it('on macOS is one for both packages, so what is written is not erased again', async () => {
    const shared = new Map<string, string>();
    const keychain = await open({
      os: 'darwin',
      loadKeyring: keyringOf(shared),
      loadKeytar: keytarOf(shared),
    });
    await keychain.set('a', '1');
    expect(await keychain.get('a')).toBe('1');
  });

  it('refuses on Windows what does not fit into an entry, before it changes anything', async () => {
    const entries = new Map([['a', 'old']]);
    const keychain = await open({ os: 'win32', loadKeyring: keyringOf(entries) });
    await expect(keychain.set('a', 'x'.repeat(1281))).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: 'Windows keeps at most 1280 characters in one entry, and this login has 1281',
      hint: expect.stringContaining('--authfile FILE') as string,
    });
    expect(entries.get('a')).toBe('old');
    await keychain.set('a', 'x'.repeat(1280));
    expect(entries.get('a')).toHaveLength(1280);
  });
});
