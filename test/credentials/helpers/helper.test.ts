import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHelper, type CredentialHelper } from '../../../src/credentials/helpers/helper.ts';
import { createHelperRunner } from '../../../src/credentials/helpers/process.ts';
import { putHelper } from '../fake-helpers.ts';
import { eventually } from '../../helpers/until.ts';

const NAMED_BY = 'credsStore in /f/config.json';

describe('a credential helper', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'regctl-helper-'));
    path = `${folder}:/usr/bin:/bin`;
  });
  afterEach(() => rm(folder, { recursive: true }));

  const helper = (timeoutMs?: number, PATH = path): CredentialHelper =>
    createHelper({
      suffix: 'test',
      namedBy: NAMED_BY,
      run: createHelperRunner({ env: { PATH, MARK: folder }, timeoutMs }),
    });
  const script = (text: string): Promise<string> => putHelper(folder, 'test', text);
  const answer = (json: unknown): Promise<string> =>
    script(`cat <<'E'\n${JSON.stringify(json)}\nE`);

  it('gets one verb as argument and the raw key on stdin', async () => {
    await script('printf "%s|" "$#" "$1" >"$MARK/args"; cat >"$MARK/stdin"; echo "{}"');
    expect(await helper().get('https://index.docker.io/v1/')).toBeUndefined();
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe('1|get|');
    expect(await readFile(join(folder, 'stdin'), 'utf8')).toBe('https://index.docker.io/v1/');
  });

  it('answers with a login or, for the user <token>, an identity token', async () => {
    const origin = 'docker-credential-test';
    await answer({ ServerURL: 'a.io', Username: 'u', Secret: 'p' });
    expect(await helper().get('a.io')).toEqual({
      kind: 'basic',
      username: 'u',
      password: 'p',
      origin,
      neverPersist: true,
    });
    await answer({ ServerURL: 'a.io', Username: '<token>', Secret: 't' });
    const identity = { kind: 'identity', token: 't', origin, neverPersist: true };
    expect(await helper().get('a.io')).toEqual(identity);
  });

  it('may write its members in other letters, as Go reads them', async () => {
    await answer({ serverurl: 'a.io', username: 'u', SECRET: 'p' });
    expect(await helper().get('a.io')).toMatchObject({ username: 'u', password: 'p' });
  });

  it.each(['not implemented', 'store is unsupported', 'this helper is read-only', 'Not supported'])(
    'that says "%s" stores and erases nothing, which is no failure',
    async (says) => {
      await script(`echo '${says}'; exit 1`);
      expect(await helper().store('a.io', { username: 'u', password: 'p' })).toBe('answers-only');
      expect(await helper().erase('a.io')).toBe(false);
      await expect(helper().get('a.io')).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
    },
  );

  it('that comes with regctl is used where PATH has none', async () => {
    const say = (Username: string): string => JSON.stringify({ Username, Secret: 's' });
    const bundled = { 'docker-credential-test': ['/bin/sh', '-c', `echo '${say('own')}'`] };
    const one = createHelper({
      suffix: 'test',
      namedBy: NAMED_BY,
      run: createHelperRunner({ env: { PATH: path }, bundled }),
    });
    expect(await one.get('a.io')).toMatchObject({ username: 'own' });
    await script(`echo '${say('installed')}'`);
    expect(await one.get('a.io')).toMatchObject({ username: 'installed' });
  });

  it('is named while it is waited for, also when it fails', async () => {
    const waits: string[] = [];
    const run = createHelperRunner({
      env: { PATH: path },
      beginWait: (what) => {
        waits.push(what);
        return () => void waits.push('over');
      },
    });
    const one = createHelper({ suffix: 'test', namedBy: NAMED_BY, run });
    await answer({ Username: 'u', Secret: 'p' });
    await one.get('a.io');
    await script('exit 1');
    await expect(one.get('a.io')).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
    const wait = ['the credential helper docker-credential-test to answer', 'over'];
    expect(waits).toEqual([...wait, ...wait]);
  });

  it('has no login when it says so in the exact words', async () => {
    await script('echo "credentials not found in native keychain"; exit 1');
    expect(await helper().get('a.io')).toBeUndefined();
    expect(await helper().erase('a.io')).toBe(false);
  });

  it.each([
    ['other words', 'echo "credentials not found in native keychain?"; exit 1', 'status 1: cred'],
    ['silence', 'exit 3', 'get failed with status 3'],
    ['stderr', 'echo boom >&2; exit 1', 'boom'],
    ['a signal', 'kill -9 $$', 'was killed'],
    ['no JSON', 'echo secret-canary', 'did not answer in JSON'],
    ['a list', 'echo "[1]"', 'did not answer in JSON'],
    ['numbers', 'echo \'{"Username":1,"Secret":2}\'', 'other than texts'],
    ['no user', 'echo \'{"Secret":"secret-canary"}\'', 'get returned no username'],
    ['1 MiB and more', 'head -c 1100000 /dev/zero', 'more than 1 MiB'],
  ])('fails loudly on %s', async (_what, text, message) => {
    await script(text);
    const error = await helper()
      .get('a.io')
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining('--creds or --no-creds') as string,
    });
    expect((error as Error).message).not.toContain('secret-canary');
  });

  it('cannot draw on the terminal through its error text, nor flood it', async () => {
    await script(
      String.raw`printf '\033]0;owned\007'; head -c 100000 /dev/zero | tr '\0' x >&2; exit 1`,
    );
    const error = await helper()
      .get('a.io')
      .catch((reason: unknown) => reason as Error);
    expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/u);
    expect((error as Error).message.length).toBeLessThan(600);
  });

  it('stores a login from stdin, and its error never repeats the password', async () => {
    await script('cat >"$MARK/stdin"; exit 0');
    await helper().store('a.io', { username: 'u', password: 'hunter2' });
    expect(JSON.parse(await readFile(join(folder, 'stdin'), 'utf8'))).toEqual({
      ServerURL: 'a.io',
      Username: 'u',
      Secret: 'hunter2',
    });
    await script('cat; exit 1');
    const error = await helper()
      .store('a.io', { username: 'u', password: 'hunter2' })
      .catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect((error as Error).message).not.toContain('hunter2');
  });

  it('that fails behind its answer does not get the secret of it printed', async () => {
    await script('echo \'{"ServerURL":"a.io","Username":"u","Secret":"hunter2"}\'; exit 1');
    const error = await helper()
      .get('a.io')
      .catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect((error as Error).message).not.toContain('hunter2');
  });

  it('lists its users, and may have none', async () => {
    await answer({ 'a.io': 'u', __proto__x: 'v' });
    expect([...(await helper().list())]).toEqual([
      ['a.io', 'u'],
      ['__proto__x', 'v'],
    ]);
    await script('echo null');
    expect((await helper().list()).size).toBe(0);
  });

  it('may leave its input unread', async () => {
    await script('exec 0<&-; echo \'{"Username":"u","Secret":"p"}\'');
    expect(await helper().get('a.io')).toMatchObject({ username: 'u' });
  });

  it('is given up after the time-out and killed on abort', async () => {
    await script('echo $$ >"$MARK/pid"; exec sleep 60');
    const alive = async (): Promise<boolean> => {
      try {
        process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 0);
        return true;
      } catch {
        return false;
      }
    };
    await expect(helper(300).get('a.io')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: expect.stringContaining('no answer within 0.3 s') as string,
    });
    await eventually(async () => expect(await alive()).toBe(false));

    await rm(join(folder, 'pid'), { force: true });
    const controller = new AbortController();
    const asked = helper().get('a.io', { signal: controller.signal });
    await eventually(async () => expect(await alive()).toBe(true));
    controller.abort(new Error('stop'));
    await expect(asked).rejects.toThrow('stop');
    await eventually(async () => expect(await alive()).toBe(false));
  });

  it('that is missing is an error with its name, its setting and a cure', async () => {
    await expect(helper().get('a.io')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
      message: `credential helper docker-credential-test, named by ${NAMED_BY}, is not on PATH`,
      hint: expect.stringContaining('Install docker-credential-test') as string,
    });
  });

  it('is not sought in empty or relative PATH entries', async () => {
    await script('echo "{}"');
    const entries = [
      '',
      '.',
      '::',
      relative(process.cwd(), folder),
      `:${relative(process.cwd(), folder)}`,
    ];
    for (const entry of entries) {
      await expect(helper(1000, entry).get('a.io')).rejects.toThrow('is not on PATH');
    }
    expect(await helper(1000, path).get('a.io')).toBeUndefined();
  });

  it.each(['../x', 'a/b', 'a b', 'a;id', 'a%b', 'a\0b', 'a\nb', '', '$(id)'])(
    'cannot be named %j',
    (suffix) => {
      expect(() => createHelper({ suffix, namedBy: NAMED_BY, run: async () => undefined })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
      );
    },
  );

  it.each([
    'a.com\nb.com',
    'a.com\r',
    'a.com\0',
    'a.com b.com',
    '',
    'u:p@a.com',
    'https://a.com/\n',
  ])('is never asked for %j', async (key) => {
    await script('touch "$MARK/ran"; echo "{}"');
    for (const ask of [
      helper().get(key),
      helper().erase(key),
      helper().store(key, { username: 'u', password: 'p' }),
    ]) {
      await expect(ask).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
    }
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow('ENOENT');
  });
});
