import { rename, writeFile } from 'node:fs/promises';
import { hash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../helpers/temp.ts';
import { serving } from './serving.ts';
import { eventually } from '../../helpers/until.ts';

const basic = (text: string) => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});
const status = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(url, { headers })).status;

describe('serve', () => {
  it('logs JSON, failures included', async () => {
    const { context } = await serving({ logFormat: 'json' }, {}, async (base) => {
      expect(await status(`${base}/v2/team/app/tags/list`)).toBe(404);
    });
    const line = context.notes.find((note) => note.startsWith('{')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      method: 'GET',
      url: '/v2/team/app/tags/list',
      status: 404,
      handler: 'tags',
      repository: 'team/app',
      remote: '127.0.0.1',
      received: 0,
    });
    await expect(serving({ logFormat: 'xml' }, {}, async () => {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('serves metrics on an address of their own', async () => {
    const options = { metricsListen: '127.0.0.1:0' };
    await serving(options, {}, async (base, context) => {
      const at = /metrics on (.*)/u.exec(context.notes.join('\n'))?.[1] ?? '';
      await status(`${base}/v2/`);
      expect(await status(`${base}/metrics`)).toBe(404);
      const text = await (await fetch(at)).text();
      expect(text).toContain(
        'registry_http_requests_total{code="200",handler="base",method="get"}',
      );
      expect(text).toContain('process_start_time_seconds');
      expect(await status(at.replace('/metrics', '/readyz'))).toBe(200);
      expect(await status(at.replace('/metrics', '/v2/'))).toBe(404);
    });
  });

  it('reads users and rules again when their files are replaced', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('users'), `ann:${await hash('one', 4)}\n`);
    await writeFile(dir.join('rules'), '- {repositories: "**", pull: [ann]}\n');
    const options = { htpasswd: 'users', rules: 'rules' };
    await serving(options, { cwd: dir.path }, async (base, context) => {
      const url = `${base}/v2/app/tags/list`;
      expect(await status(url, basic('ann:one'))).toBe(404);
      await writeFile(
        dir.join('next'),
        `ann:${await hash('one', 4)}\nben:${await hash('two', 4)}\n`,
      );
      await writeFile(dir.join('rules'), '- {repositories: "**", pull: [ben]}\n');
      await rename(dir.join('next'), dir.join('users'));
      await eventually(async () => expect(await status(url, basic('ben:two'))).toBe(404));
      expect(await status(url, basic('ann:one'))).toBe(403);
      await writeFile(dir.join('rules'), '- {repositories: "**", pul: [ann]}\n');
      await eventually(() => expect(context.warnings.join()).toContain('rules line 1'));
      expect(await status(url, basic('ben:two'))).toBe(404);
    });
  });

  it.each([
    { maxBody: 'much' },
    { dryRun: true },
    { maxUploads: '0' },
    { maxRate: 0 },
    { metricsListen: 'here' },
    { stopTimeout: '5 minutes' },
    { gcInterval: 'daily' },
    { gcInterval: '0s' },
    { maxConnections: 0 },
  ])('refuses %j', async (options) => {
    await expect(serving(options, {}, async () => {})).rejects.toMatchObject({ code: 'USAGE' });
  });
});
