import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage } from '../helpers/images.ts';
import { missingPrograms } from '../helpers/commands.ts';
import { describeWith } from '../helpers/when.ts';
import { startCounted, type Counted } from './counted-registry.ts';
import { newMachine, type Machine } from './regctl.ts';

describeWith(['docker-registry', 'openssl'], 'the cache of tokens on disk', () => {
  let certificates: Certificates;
  let src: Counted;
  let dst: Counted;
  let machine: Machine;
  const creds = ['--creds', 'ann:secret'];
  const off = { env: { REGCTL_CACHE: 'off' } };

  beforeAll(async () => {
    certificates = await makeCertificates();
    [src, dst, machine] = await Promise.all([
      startCounted(certificates),
      startCounted(certificates),
      newMachine(),
    ]);
    await src.push('app', ['v1', 'v2'], await makeImage({ layers: 5 }));
  });
  afterAll(async () => {
    await Promise.all([src, dst, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
  });
  afterEach(() => rm(machine.dir.join('cache'), { recursive: true, force: true }));

  const folder = (of = machine): string => of.dir.join('cache/regctl');
  const cached = (of = machine): Promise<string> => readFile(`${folder(of)}/tokens.json`, 'utf8');
  const counted = async (
    args: readonly string[],
    options?: Parameters<Machine['expect']>[2],
  ): Promise<number> => {
    src.reset();
    dst.reset();
    await machine.expect(0, args, options);
    return src.count() + dst.count();
  };
  const seen = (): string => [...src.list(), '--', ...dst.list()].join('\n');
  const tags = (): string[] => ['tags', ...creds, `${src.host}/app`];
  const copyOnly = (): string[] => ['copy', `${src.host}/app:v1`, `${dst.host}/app:v1`];
  const copy = (): string[] =>
    copyOnly().concat('--src-creds', 'ann:secret', '--dest-creds', 'ann:secret');

  describe('saves requests', () => {
    it('tags: 3, then 1, and digest 1 as well', async () => {
      expect(await counted(tags()), seen()).toBe(3);
      expect(await counted(tags()), seen()).toBe(1);
      expect(await counted(['digest', ...creds, `${src.host}/app:v1`]), seen()).toBe(1);
      expect(await counted(['inspect', '-n', ...creds, `${src.host}/app:v1`]), seen()).toBe(2);
    });

    it('a copy with nothing to do: 2', async () => {
      await machine.expect(0, copy());
      expect(await counted(copy()), seen()).toBe(2);
      expect(await counted(copy(), off), seen()).toBe(6);
    });

    it('a retag in the same repository: 2', async () => {
      const retag = ['copy', `${src.host}/app:v1`, `${src.host}/app:v3`];
      const login = ['--src-creds', 'ann:secret', '--dest-creds', 'ann:secret'];
      await machine.expect(0, [...retag, ...login]);
      expect(await counted([...retag, ...login]), seen()).toBe(2);
    });

    it('another login starts anew and leaves the first one its token', async () => {
      await machine.expect(0, tags());
      await machine.expect(1, ['tags', '--creds', 'ann:wrong', `${src.host}/app`]);
      await machine.expect(1, ['tags', '--no-creds', `${src.host}/app`]);
      expect(await counted(tags()), seen()).toBe(1);
    });
  });

  describe('on disk', () => {
    it('is private and holds neither the login nor a plain hash of it', async () => {
      await using program = await newMachine('program');
      const path = folder(program);
      await program.expect(0, tags());
      expect((await stat(path)).mode & 0o777).toBe(0o700);
      expect((await readdir(path)).sort()).toEqual(['code', 'tokens.json', 'tokens.key']);
      for (const name of ['tokens.json', 'tokens.key', 'code/tags']) {
        expect((await stat(`${path}/${name}`)).mode & 0o777, name).toBe(0o600);
      }
      expect(await cached(program)).not.toMatch(/secret|YW5uOnNlY3JldA/);
    });

    it('is neither read nor written with REGCTL_CACHE=off', async () => {
      expect(await counted(tags(), off)).toBe(3);
      await expect(readdir(folder())).rejects.toMatchObject({ code: 'ENOENT' });
      await machine.expect(0, tags());
      const before = await cached();
      expect(await counted(tags(), off)).toBe(3);
      expect(await cached()).toBe(before);
    });

    it('is written anew when it is damaged', async () => {
      await machine.expect(0, tags());
      await writeFile(`${folder()}/tokens.json`, '{"version":1,"tokens":[{');
      const done = await machine.expect(0, tags());
      expect(done.stderr).toBe('');
      expect(await counted(tags()), seen()).toBe(1);
    });

    it('gives up a token that the registry refuses and renews it once', async () => {
      await machine.expect(0, tags());
      const text = await cached();
      const { tokens } = JSON.parse(text) as { tokens: { value: string }[] };
      await writeFile(
        `${folder()}/tokens.json`,
        text.replaceAll(tokens[0]?.value ?? '', 'no-token'),
      );
      expect(await counted(tags()), seen()).toBe(3);
      expect(await cached()).not.toContain('no-token');
      expect(await counted(tags()), seen()).toBe(1);
    });

    it('is done without, silently, where it cannot be; --debug says why', async () => {
      await mkdir(machine.dir.join('cache'));
      await writeFile(folder(), 'in the way');
      expect((await machine.expect(0, tags())).stderr).toBe('');
      expect(await counted(tags()), seen()).toBe(3);
      const { stderr } = await machine.expect(0, ['--debug', ...tags()]);
      expect(stderr.split('\n').filter((line) => line.includes('token cache'))).toEqual([
        expect.stringContaining('is not a directory'),
      ]);
      expect(await readFile(folder(), 'utf8')).toBe('in the way');
    });

    it('is shared by 20 runs at once, and no token of theirs is lost', async () => {
      await using program = await newMachine('program');
      const names = Array.from({ length: 20 }, (_item, index) => `many/${index}`);
      const image = await makeImage();
      for (const name of names) await src.push(name, ['v1'], image);
      const list = (name: string): string[] => ['tags', ...creds, `${src.host}/${name}`];
      const done = await Promise.all(names.map((name) => program.regctl(list(name))));
      // On a busy machine a run may have to say that it waits for its turn.
      const said = (stderr: string): string => stderr.replace(/^waiting for another run.*\n/u, '');
      expect(done.map(({ code, stdout, stderr }) => [code, stdout, said(stderr)])).toEqual(
        names.map(() => [0, 'v1\n', '']),
      );
      const { tokens } = JSON.parse(await cached(program)) as { tokens: { scopes: string[] }[] };
      expect(tokens.flatMap(({ scopes }) => scopes).sort()).toEqual(
        names.map((name) => `repository:${name}:pull`).sort(),
      );
      expect((await readdir(folder(program))).sort()).toEqual([
        'code',
        'tokens.json',
        'tokens.key',
      ]);
      src.reset();
      await program.expect(0, list('many/7'));
      expect(src.count(), seen()).toBe(1);
    });
  });

  describe('and logins', () => {
    const configure = async (config: unknown): Promise<void> => {
      await mkdir(`${machine.home}/.docker`, { recursive: true });
      await writeFile(`${machine.home}/.docker/config.json`, JSON.stringify(config), {
        mode: 0o600,
      });
    };
    const list = (): string[] => ['tags', `${src.host}/app`];
    afterEach(() => configure({}));

    it('logout and login drop what belongs to the registry, and nothing else', async () => {
      const auth = Buffer.from('ann:secret').toString('base64');
      await configure({ auths: { [src.host]: { auth }, [dst.host]: { auth } } });
      await machine.expect(0, copyOnly());
      expect(await counted(list())).toBe(1);
      await machine.expect(0, ['logout', src.host]);
      expect(await cached()).not.toContain(src.host);
      expect(await cached()).toContain(dst.host);
      await machine.expect(1, list());

      await machine.expect(0, ['login', '-u', 'ann', '--password-stdin', src.host], {
        input: 'secret\n',
      });
      expect(await counted(list())).toBe(3);
      expect(await counted(list())).toBe(1);
      await machine.expect(0, ['login', '-u', 'ann', '--password-stdin', src.host], {
        input: 'secret\n',
      });
      expect(await cached()).not.toContain(src.host);
      await machine.expect(0, ['logout', src.host], off);
    });

    it.skipIf(missingPrograms('sh') !== undefined)(
      'a keychain’s tokens are not written; its registries are remembered',
      async () => {
        const bin = machine.dir.join('bin');
        await mkdir(bin, { recursive: true });
        const answer = JSON.stringify({ ServerURL: src.host, Username: 'ann', Secret: 'secret' });
        await writeFile(
          `${bin}/docker-credential-pass`,
          `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`,
          { mode: 0o755 },
        );
        await configure({ credsStore: 'pass' });
        const env = { PATH: `${bin}:${machine.env['PATH'] ?? ''}` };
        expect(await counted(list(), { env }), seen()).toBe(3);
        expect(await counted(list(), { env }), seen()).toBe(2);
        expect((JSON.parse(await cached()) as { tokens: unknown }).tokens).toEqual([]);
      },
    );
  });
});
