import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLoginStore } from '../../src/credentials/logins/store.ts';
import { createCredentialChain } from '../../src/credentials/chain.ts';
import { readJson } from './fake-helpers.ts';

const run = promisify(execFile);
const PATH = process.env['PATH'] ?? '';

const missing = ['gpg', 'gpgconf', 'pass', 'docker-credential-pass'].filter(
  (program) => !PATH.split(delimiter).some((folder) => isProgram(join(folder, program))),
);

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// The real helper, with a key and a store that live for this test alone.
describe.skipIf(missing.length > 0)(
  `docker-credential-pass${missing.length > 0 ? ` (not installed: ${missing.join(', ')})` : ''}`,
  () => {
    let folder: string;
    let env: Record<string, string>;
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);

    beforeAll(async () => {
      // gpg-agent's socket path must stay short, so not below a long temporary folder.
      folder = await mkdtemp(join(tmpdir(), 'rp-'));
      const [GNUPGHOME, PASSWORD_STORE_DIR] = [join(folder, 'gpg'), join(folder, 'store')];
      env = { PATH, HOME: folder, GNUPGHOME, PASSWORD_STORE_DIR };
      await mkdir(GNUPGHOME, { mode: 0o700 });
      const key = ['--batch', '--passphrase', '', '--quick-gen-key', 'regctl@test.invalid'];
      await run('gpg', [...key, 'default', 'default', 'never'], { env });
      await run('pass', ['init', 'regctl@test.invalid'], { env });
      await mkdir(join(folder, '.docker'));
      await writeFile(join(folder, '.docker/config.json'), '{"credsStore":"pass"}');
    });
    afterAll(async () => {
      await run('gpgconf', ['--kill', 'gpg-agent'], { env });
      await rm(folder, { recursive: true, force: true });
    });

    it('stores, gives, lists and erases a login', async () => {
      const logins = createLoginStore({ env, home: folder, warn });
      const lookup = (host: string): Promise<unknown> =>
        createCredentialChain({ env, home: folder, warn, flags: {} }).lookup(host);
      const password = 'pä:ss"word\\ $(id)';

      expect(await lookup('docker.io')).toBeUndefined();
      for (const host of ['docker.io', 'localhost:5000']) {
        expect(await logins.save(host, { username: 'u', password })).toEqual({
          storedIn: 'docker-credential-pass',
          plainText: false,
        });
      }
      expect(await lookup('docker.io')).toEqual({
        kind: 'basic',
        username: 'u',
        password,
        origin: 'docker-credential-pass',
        neverPersist: true,
      });
      expect(await lookup('localhost:5000')).toMatchObject({ password });
      expect(await lookup('localhost:5001')).toBeUndefined();
      expect(await logins.list()).toEqual(['docker.io', 'localhost:5000']);
      expect(await readJson(join(folder, '.docker/config.json'))).toEqual({
        credsStore: 'pass',
        auths: { 'https://index.docker.io/v1/': {}, 'localhost:5000': {} },
      });

      expect(await logins.remove('docker.io')).toEqual(['docker-credential-pass']);
      expect(await logins.remove('docker.io')).toEqual([]);
      expect(await lookup('docker.io')).toBeUndefined();
      expect(await logins.list()).toEqual(['localhost:5000']);
      expect(warnings).toEqual([]);
    });

    it('never falls back to plain text when its store was not initialised', async () => {
      const bare = { ...env, PASSWORD_STORE_DIR: join(folder, 'none') };
      const logins = createLoginStore({ env: bare, home: folder, warn });
      await expect(
        logins.save('a.io', { username: 'u', password: 'canary' }),
      ).rejects.toMatchObject({
        code: 'CREDENTIAL_HELPER',
        message: expect.not.stringContaining('canary') as string,
      });
      expect(await readJson(join(folder, '.docker/config.json'))).not.toHaveProperty([
        'auths',
        'a.io',
      ]);
    });
  },
);
