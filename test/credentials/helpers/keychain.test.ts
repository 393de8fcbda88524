import { describe, expect, it } from 'vitest';
import { openKeychain, type KeychainOptions } from '../../../src/credentials/helpers/keychain.ts';

type Keytar = Awaited<ReturnType<NonNullable<KeychainOptions['load']>>>;

const unexpected = (): never => {
  throw new Error('Unexpected call');
};
const keytar = (more: Partial<Keytar> = {}): KeychainOptions['load'] => {
  const none: Keytar = {
    getPassword: unexpected,
    setPassword: unexpected,
    deletePassword: unexpected,
    findCredentials: unexpected,
  };
  return async () => ({ ...none, ...more });
};
const open = (
  load: KeychainOptions['load'],
  more: Partial<KeychainOptions> = {},
): ReturnType<typeof openKeychain> => openKeychain({ service: 's', os: 'linux', load, ...more });

const failWith =
  (code: string, message = 'x') =>
  async (): Promise<never> => {
    throw Object.assign(new Error(message), { code });
  };

describe('the keychain', () => {
  it.each([
    ['ERR_MODULE_NOT_FOUND', 'is not installed'],
    ['MODULE_NOT_FOUND', 'without its native part'],
    ['ERR_DLOPEN_FAILED', 'libsecret'],
    ['E_OTHER', 'keytar cannot be loaded: x'],
  ])('says what is wrong when keytar cannot be loaded: %s', async (code, message) => {
    await expect(open(failWith(code, 'x\nstack'))).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining('npm install -g keytar') as string,
    });
  });

  it('names the cure of the system when a call fails, on one safe line', async () => {
    const getPassword = failWith('', 'Cannot autolaunch D-Bus\u001b[2J\nmore');
    for (const [os, cure] of [
      ['linux', 'gnome-keyring-daemon'],
      ['darwin', 'security unlock-keychain'],
      ['win32', 'another helper'],
    ] as const) {
      const keychain = await open(keytar({ getPassword }), { os });
      await expect(keychain.get('a.io')).rejects.toMatchObject({
        code: 'CREDENTIAL_HELPER',
        message: expect.stringMatching(
          /^the keychain failed: Cannot autolaunch D-Bus[^\n]*$/u,
        ) as string,
        hint: expect.stringContaining(cure) as string,
      });
    }
  });

  it('gives up on a call that hangs', async () => {
    const setPassword = (): Promise<never> => new Promise(() => undefined);
    const keychain = await open(keytar({ setPassword }), { timeoutMs: 10 });
    await expect(keychain.set('a.io', 'canary')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: 'the keychain gave no answer within 0.01 s',
    });
  });

  it('keeps its entries under its service', async () => {
    const calls: unknown[] = [];
    const keychain = await open(
      keytar({
        getPassword: async (...args) => (calls.push(args), null),
        deletePassword: async (...args) => (calls.push(args), false),
        findCredentials: async (...args) => (calls.push(args), [{ account: 'a', password: 'p' }]),
      }),
    );
    expect(await keychain.get('a')).toBeUndefined();
    expect(await keychain.remove('a')).toBe(false);
    expect(await keychain.list()).toEqual([{ account: 'a', secret: 'p' }]);
    expect(calls).toEqual([['s', 'a'], ['s', 'a'], ['s']]);
  });
});
