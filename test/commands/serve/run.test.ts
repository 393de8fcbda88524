import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/serve/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { Result } from '../../../src/commands/result.ts';
import type { Input } from '../../../src/commands/types.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input } from '../fake-context.ts';

async function serving(
  options: Input['options'],
  more: Partial<Pick<Context, 'cwd'>>,
  body: (base: string) => Promise<void>,
): Promise<{ result: Result; context: ReturnType<typeof fakeContext>; base: string }> {
  const context = fakeContext(more);
  const stop = new AbortController();
  let ready: (base: string) => void = () => undefined;
  const listening = new Promise<string>((resolve) => {
    ready = resolve;
  });
  const watched: Context = {
    ...context,
    note: (text) => {
      context.note(text);
      const base = /^listening on (.*)\/$/u.exec(text)?.[1];
      if (base !== undefined) ready(base);
    },
  };
  const running = run(watched, input([], { listen: '127.0.0.1:0', ...options }), {
    signal: stop.signal,
  });
  const base = await Promise.race([listening, running.then(() => '')]);
  try {
    await body(base);
  } finally {
    stop.abort();
  }
  return { result: await running, context, base };
}

describe('serve', () => {
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
    const hash = '$2b$04$abcdefghijklmnopqrstuuPyT.ZJ4oL1ZP2yX0yXk8bSWPFhr1G7O';
    await writeFile(dir.join('users'), `ann:${hash}\n`);
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
});
