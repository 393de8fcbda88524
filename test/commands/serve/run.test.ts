import { mkdir, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { hash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/serve/run.ts';
import { serveSpec } from '../../../src/commands/serve/spec.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input } from '../fake-context.ts';
import { serving } from './serving.ts';
import { eventually } from '../../helpers/until.ts';

describe('serve', () => {
  it('knows what other programs call its options', () => {
    const own = serveSpec.options.map(({ flags }) => flags.split(' ')[0]);
    expect(serveSpec.otherNames).toMatchObject({ '--port': '--listen', '--store': '--dir' });
    expect(own).toEqual(expect.arrayContaining(Object.values(serveSpec.otherNames ?? {})));
    expect(own.filter((flag = '') => flag in (serveSpec.otherNames ?? {}))).toEqual([]);
  });

  it('answers until it is interrupted, then ends without an error', async () => {
    const { result, base } = await serving({}, {}, async (at) => {
      expect((await fetch(`${at}/v2/`)).status).toBe(200);
      const open = await fetch(`${at}/v2/app/blobs/uploads/`, { method: 'POST' });
      expect(open.status).toBe(202);
    });
    expect(result.exit ?? 0).toBe(0);
    await expect(fetch(`${base}/v2/`)).rejects.toThrow('fetch failed');
  });

  it('--read-only refuses writes', async () => {
    await serving({ readOnly: true }, {}, async (base) => {
      const open = await fetch(`${base}/v2/app/blobs/uploads/`, { method: 'POST' });
      expect(open.status).toBe(405);
    });
  });

  it('--htpasswd asks who it is', async () => {
    await using dir = await tempDir();
    const bcrypted = '$2b$04$abcdefghijklmnopqrstuuPyT.ZJ4oL1ZP2yX0yXk8bSWPFhr1G7O';
    await writeFile(dir.join('users'), `ann:${bcrypted}\n`);
    await serving({ htpasswd: 'users' }, { cwd: dir.path }, async (base) => {
      expect((await fetch(`${base}/v2/`)).status).toBe(401);
    });
  });

  for (const listen of ['nonsense', '127.0.0.1:99999', '127.0.0.1', '::1:5000']) {
    it(`refuses to listen on "${listen}"`, async () => {
      await expect(run(fakeContext(), input([], { listen }), {})).rejects.toMatchObject({
        code: 'USAGE',
      });
    });
  }

  it('wants certificate and key together, and files that are there', async () => {
    await expect(run(fakeContext(), input([], { tlsCert: 'a' }), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
    const options = { tlsCert: 'a', tlsKey: 'b' };
    await expect(run(fakeContext(), input([], options), {})).rejects.toMatchObject({
      code: 'PATH_UNKNOWN',
    });
  });

  const status = async (base: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`${base}/v2/`, { headers })).status;
  const basic = (text: string) => ({
    authorization: `Basic ${Buffer.from(text).toString('base64')}`,
  });

  it('checks its --dir before it listens', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    const context = fakeContext({ cwd: dir.path, temporaries: async () => plainTemporaries() });
    const options = { listen: '127.0.0.1:0', dir: 'file' };
    await expect(run(context, input([], options), {})).rejects.toMatchObject({
      code: 'IO',
      message: `cannot use ${dir.join('file')}: it is not a directory`,
    });
    expect(context.notes).toEqual([]);
  });

  it('says that memory does not last', async () => {
    const { context } = await serving({}, {}, async () => undefined);
    expect(context.notes).toContain('in memory: everything is lost when it stops');
  });

  it('logs a line for each request, and a failure with its cause as a warning', async () => {
    await using dir = await tempDir();
    const { context } = await serving({ dir: 'data' }, { cwd: dir.path }, async (base) => {
      expect(await status(base, {})).toBe(200);
      await rm(dir.join('data', 'repositories'), { recursive: true, force: true });
      await mkdir(dir.join('data'), { recursive: true });
      await writeFile(dir.join('data', 'repositories'), 'in the way');
      const opened = await fetch(`${base}/v2/app/blobs/uploads/`, { method: 'POST' });
      expect(opened.status).toBe(500);
    });
    expect(context.notes.join('\n')).toMatch(/^200 GET \/v2\/ 127\.0\.0\.1 - \d+ms$/mu);
    expect(context.warnings).toHaveLength(1);
    expect(context.warnings[0]).toMatch(
      /^500 POST \/v2\/app\/blobs\/uploads\/ 127\.0\.0\.1 - \d+ms: E[A-Z]+/u,
    );
  });

  it.each([
    [[], 'registry.test', 403],
    [['registry.test'], 'registry.test', 200],
    [['Registry.Test'], 'REGISTRY.test:5000', 200],
    [['registry.test:5000'], 'registry.test', 403],
    [['registry.test'], 'localhost:1', 200],
  ])('with --host-name %j answers %s with %i', async (hostName, host, expected) => {
    await serving({ hostName }, {}, async (base) => {
      const { port } = new URL(base);
      const answered = new Promise<number | undefined>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path: '/v2/', headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
      expect(await answered).toBe(expected);
    });
  });

  it('refuses a --host-name that is none', async () => {
    const options = { hostName: ['https://registry.test/'] };
    await expect(run(fakeContext(), input([], options), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('lets web pages in that know a password', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('users'), `ann:${await hash('one', 4)}\n`);
    await serving({ htpasswd: 'users' }, { cwd: dir.path }, async (base) => {
      expect(await status(base, { origin: 'https://ui.test', ...basic('ann:one') })).toBe(200);
      expect(await status(base, { origin: 'https://ui.test' })).toBe(401);
    });
  });

  it('reads its users again on SIGHUP, and keeps the old ones where that fails', async () => {
    await using dir = await tempDir();
    const users = dir.join('users');
    await writeFile(users, `ann:${await hash('one', 4)}\n`);
    let hangUp = (): void => undefined;
    const onSignal: Context['onSignal'] = (signal, listener) => {
      if (signal === 'SIGHUP') hangUp = listener;
      return () => undefined;
    };
    const more = { cwd: dir.path, onSignal };
    await serving({ htpasswd: 'users' }, more, async (base, context) => {
      expect(await status(base, basic('ann:one'))).toBe(200);
      await writeFile(users, `ann:${await hash('two', 4)}\n`);
      hangUp();
      await eventually(() => expect(context.notes.join()).toContain('read again'));
      expect(await status(base, basic('ann:one'))).toBe(401);
      expect(await status(base, basic('ann:two'))).toBe(200);
      await writeFile(users, 'ann:plain text\n');
      hangUp();
      await eventually(() => expect(context.warnings.join()).toContain('htpasswd line 1'));
      expect(await status(base, basic('ann:two'))).toBe(200);
      await writeFile(users, '# nobody left\n');
      hangUp();
      await eventually(() => expect(context.warnings.join()).toContain('no login can succeed'));
      expect(await status(base, basic('ann:two'))).toBe(401);
    });
  });

  it.each([
    ['everyone', {}, /everyone who reaches 0\.0\.0\.0/u],
    ['passwords without TLS', { htpasswd: 'users' }, /passwords cross the network/u],
    ['a file without users', { htpasswd: 'nobody' }, /no login can succeed/u],
  ])('warns of %s', async (_what, options, words) => {
    await using dir = await tempDir();
    await writeFile(dir.join('users'), `ann:${await hash('one', 4)}\n`);
    await writeFile(dir.join('nobody'), '');
    const listen = '0.0.0.0:0';
    const { context } = await serving({ ...options, listen }, { cwd: dir.path }, async () => {});
    expect(context.warnings.join('\n')).toMatch(words);
  });

  it('removes uploads that were abandoned for --upload-ttl', async () => {
    await using dir = await tempDir();
    const { uploads } = createDiskStorage(dir.join('data'));
    const id = await uploads.create('app' as RepositoryName);
    const more = { cwd: dir.path, now: () => new Date(Date.now() + 2 * 3_600_000) };
    const kept = { dir: 'data', uploadTtl: '3h' };
    const before = await serving(kept, more, async (base) => {
      expect((await fetch(`${base}/v2/app/blobs/uploads/${id}`)).status).toBe(204);
    });
    expect(before.context.notes.join()).not.toContain('abandoned');
    await serving({ dir: 'data', uploadTtl: '1h' }, more, async (base, context) => {
      await eventually(() => expect(context.notes).toContain('1 abandoned upload removed'));
      expect((await fetch(`${base}/v2/app/blobs/uploads/${id}`)).status).toBe(404);
    });
  });

  it.each(['0h', '', 'soon'])('refuses --upload-ttl "%s"', async (uploadTtl) => {
    await expect(run(fakeContext(), input([], { uploadTtl }), {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
