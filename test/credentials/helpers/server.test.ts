import { describe, expect, it } from 'vitest';
import { handleHelperRequest, type HelperReply } from '../../../src/credentials/helpers/server.ts';
import { createHelper } from '../../../src/credentials/helpers/helper.ts';
import type { Keychain } from '../../../src/credentials/helpers/keychain-packages.ts';

function memoryKeychain(): Keychain & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: async (account) => entries.get(account),
    set: async (account, secret) => void entries.set(account, secret),
    remove: async (account) => entries.delete(account),
    list: async () => [...entries].map(([account, secret]) => ({ account, secret })),
  };
}

const unexpected = (what: string) => async (): Promise<never> => {
  throw new Error(`Unexpected use of the ${what}`);
};

const ask = (args: readonly string[], stdin?: string, keychain?: Keychain): Promise<HelperReply> =>
  handleHelperRequest(args, {
    program: 'docker-credential-regctl',
    version: '1.2.3',
    stdin: stdin === undefined ? unexpected('input') : async () => stdin,
    keychain: keychain === undefined ? unexpected('keychain') : async () => keychain,
  });

const USAGE = 'Usage: docker-credential-regctl <store|get|erase|list|version>\n';
const NOT_FOUND = 'credentials not found in native keychain\n';
const LOGIN = { ServerURL: 'https://index.docker.io/v1/', Username: 'ann', Secret: 'p"\n\\ä' };

describe('the helper protocol, as a helper', () => {
  it.each<[readonly string[], string | undefined, number, string]>([
    [[], undefined, 1, USAGE],
    [['get', 'a.io'], undefined, 1, USAGE],
    [['--help'], undefined, 0, USAGE],
    [['version'], undefined, 0, 'docker-credential-regctl (regctl) 1.2.3\n'],
    [['steal'], undefined, 1, 'docker-credential-regctl: unknown action: steal\n'],
    [['get'], '', 1, 'no credentials server URL\n'],
    [['get'], ' \r\n', 1, 'no credentials server URL\n'],
    [['erase'], '\n', 1, 'no credentials server URL\n'],
    [['store'], '{}', 1, 'no credentials server URL\n'],
    [['store'], '{"ServerURL":"a.io"}', 1, 'no credentials username\n'],
  ])('%j with %j', async (args, stdin, status, stdout) =>
    expect(await ask(args, stdin)).toEqual({ status, stdout }),
  );

  it('stores, gives, lists and erases', async () => {
    const keychain = memoryKeychain();
    expect(await ask(['list'], undefined, keychain)).toEqual({ status: 0, stdout: '{}\n' });
    expect(await ask(['store'], JSON.stringify(LOGIN), keychain)).toEqual({
      status: 0,
      stdout: '',
    });
    const got = await ask(['get'], `${LOGIN.ServerURL}\r\n`, keychain);
    expect(got.status).toBe(0);
    expect(JSON.parse(got.stdout)).toEqual(LOGIN);
    const listed = await ask(['list'], undefined, keychain);
    expect(JSON.parse(listed.stdout)).toEqual({ [LOGIN.ServerURL]: 'ann' });
    expect(await ask(['erase'], LOGIN.ServerURL, keychain)).toEqual({ status: 0, stdout: '' });
    for (const verb of ['get', 'erase']) {
      expect(await ask([verb], LOGIN.ServerURL, keychain)).toEqual({
        status: 1,
        stdout: NOT_FOUND,
      });
    }
  });

  it('matches names exactly', async () => {
    const keychain = memoryKeychain();
    await ask(['store'], '{"ServerURL":"a.io","Username":"u","Secret":"s"}', keychain);
    for (const name of ['A.io', 'a.io:5000', 'sub.a.io', 'a.io.evil.com', '__proto__']) {
      expect(await ask(['get'], name, keychain)).toEqual({ status: 1, stdout: NOT_FOUND });
    }
  });

  it.each(['canary', '{"ServerURL":"a.io","Username":"u","Secret":["canary"]}', '["canary"]'])(
    'does not repeat input that it cannot read: %j',
    async (stdin) => {
      const reply = await ask(['store'], stdin);
      expect(reply.status).toBe(1);
      expect(reply.stdout).toMatch(/^.+\n$/u);
      expect(reply.stdout).not.toContain('canary');
    },
  );

  it.each(['canary', '{"Secret":"canary"}'])('does not repeat a damaged entry', async (entry) => {
    const keychain = memoryKeychain();
    keychain.entries.set('a.io', entry);
    const reply = await ask(['get'], 'a.io', keychain);
    expect(reply).toMatchObject({ status: 1 });
    expect(reply.stdout).toContain("the keychain's entry of a.io is damaged");
    expect(reply.stdout).not.toContain('canary');
  });

  it("is understood by regctl's own client", async () => {
    const keychain = memoryKeychain();
    const helper = createHelper({
      suffix: 'regctl',
      namedBy: 'credsStore',
      run: async ({ action, stdin }) => ({ ...(await ask([action], stdin, keychain)), stderr: '' }),
    });
    expect(await helper.get('a.io')).toBeUndefined();
    expect(await helper.erase('a.io')).toBe(false);
    await helper.store('a.io', { username: '<token>', password: 'refresh' });
    expect(await helper.get('a.io')).toMatchObject({ kind: 'identity', token: 'refresh' });
    expect(await helper.list()).toEqual(new Map([['a.io', '<token>']]));
    expect(await helper.erase('a.io')).toBe(true);
  });
});
