import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run as serve } from '../../../src/commands/serve/run.ts';
import { run } from '../../../src/commands/ui/run.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';
import { tempDir } from '../../helpers/temp.ts';
import { until } from '../../helpers/until.ts';
import { fakeContext, input } from '../fake-context.ts';

const ADDRESS = /^open (http:\/\/127\.0\.0\.1:\d+\/\?key=[\w-]{43})$/u;

describe('ui', () => {
  it('prints an address that works once, and ends when it is interrupted', async () => {
    const stop = new AbortController();
    const context = fakeContext();
    const done = run(context, input(['reg.example/app:1'], { noOpen: true }), stop);
    await until(() => context.notes.length === 2);
    const [origin, address] = context.notes;
    const url = ADDRESS.exec(address ?? '')?.[1] ?? '';
    expect(origin).toBe(`serving pages at ${new URL(url).origin} until interrupted`);
    const answer = await fetch(url, { redirect: 'manual' });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const start = await fetch(new URL('/', url), { headers: { cookie }, redirect: 'manual' });
    expect(start.headers.get('location')).toBe('/image?image=reg.example%2Fapp%3A1');
    stop.abort();
    expect((await done).exit ?? 0).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('opens the browser by a private file, so that no command line has the key', async () => {
    await using dir = await tempDir();
    const opener = dir.join('xdg-open');
    await writeFile(opener, '#!/bin/sh\necho "$1" > "$OPENED"\n');
    await chmod(opener, 0o755);
    const stop = new AbortController();
    const env = { PATH: `${dir.path}:/bin:/usr/bin`, OPENED: dir.join('opened') };
    const context = fakeContext({ env, tempDir: dir.path });
    const done = run(context, input([]), stop);
    const opened = async (): Promise<string> =>
      (await readFile(env.OPENED, 'utf8').catch(() => '')).trim();
    await until(async () => (await opened()) !== '');
    const file = fileURLToPath(await opened());
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const url = ADDRESS.exec(context.notes[1] ?? '')?.[1] ?? 'no address';
    expect(await readFile(file, 'utf8')).toContain(`content="0; url=${url}"`);
    stop.abort();
    await done;
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it('says so if there is no browser', async () => {
    const stop = new AbortController();
    const context = fakeContext({ env: { PATH: '/nowhere' } });
    const done = run(context, input([]), stop);
    await until(() => context.notes.length === 3);
    expect(context.notes[2]).toBe('no browser was found: open the address yourself');
    stop.abort();
    await done;
  });

  it('says that its port is taken', async () => {
    await using other = await startScriptedServer(() => ({ status: 404 }));
    const done = run(fakeContext(), input([], { noOpen: true, port: other.port }), {});
    await expect(done).rejects.toMatchObject({
      code: 'IO',
      message: `cannot listen on 127.0.0.1:${other.port}: another program uses this port`,
    });
  });

  it.each([
    [['reg.example/UPPER'], {}, 'INVALID_REFERENCE'],
    [['oci:dir'], {}, 'USAGE'],
    [[], { port: 70_000 }, 'USAGE'],
  ])('refuses %j %j', async (args, options, code) => {
    await expect(run(fakeContext(), input(args, options), {})).rejects.toMatchObject({ code });
  });
});

it('serve --ui serves pages of the registry next to it', async () => {
  const stop = new AbortController();
  const context = fakeContext({ temporaries: async () => plainTemporaries() });
  const done = serve(context, input([], { listen: '127.0.0.1:0', ui: true }), stop);
  const find = (): string | undefined =>
    context.notes.map((note) => ADDRESS.exec(note)?.[1]).find((url) => url !== undefined);
  await until(() => find() !== undefined);
  const url = find() ?? '';
  const answer = await fetch(url, { redirect: 'manual' });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const start = await fetch(new URL('/', url), { headers: { cookie }, redirect: 'manual' });
  const listening = context.notes.find((note) => note.startsWith('listening on')) ?? '';
  const { host } = new URL(listening.replace('listening on ', ''));
  expect(start.headers.get('location')).toBe(`/repositories?registry=${encodeURIComponent(host)}`);
  stop.abort();
  await done;
});
