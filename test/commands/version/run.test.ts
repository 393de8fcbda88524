import { expect, it } from 'vitest';
import { VERSION } from '../../../src/client/version.ts';
import { installedFrom } from '../../../src/client/version.ts';
import { run } from '../../../src/commands/version/run.ts';
import type { HttpClient } from '../../../src/http/types.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { codeOf } from '../../helpers/thrown.ts';
import { fakeContext, textOf } from '../fake-context.ts';

const asked: URL[] = [];

const answering =
  (status: number, body: string): (() => Promise<HttpClient>) =>
  async () =>
    ((request: { readonly url: URL }) => {
      asked.push(request.url);
      return Promise.resolve({
        status,
        headers: new Map(),
        url: request.url,
        body: bytesOf(Buffer.from(body)),
        discard: async () => undefined,
      });
    }) as unknown as HttpClient;

const check = (status: number, body: string, env: Record<string, string> = {}) =>
  run(
    fakeContext({ env, http: answering(status, body) }),
    { args: [], options: { check: true } },
    {},
  );

it('names the program, what runs it and where it is installed, and asks nobody', async () => {
  const result = await run(fakeContext(), { args: [], options: {} }, {});
  expect(result).toMatchObject({
    json: {
      Version: VERSION,
      Node: '24.15.0',
      OpenSSL: '3.5.0',
      Platform: 'linux/x64',
      Installed: 'directory',
      Path: '/nowhere',
    },
  });
  expect(textOf(result)).toContain(`regctl ${VERSION}\nNode.js 24.15.0, OpenSSL 3.5.0`);
});

it('says with --check whether there is a newer version, from the registry of npm', async () => {
  asked.length = 0;
  expect(await check(200, '{"version":"99.0.0"}')).toMatchObject({
    json: { Newest: '99.0.0', Outdated: true },
  });
  expect(await check(200, `{"version":"${VERSION}"}`)).toMatchObject({ json: { Outdated: false } });
  await check(200, '{"version":"99.0.0"}', { npm_config_registry: 'http://127.0.0.1:1/npm' });
  expect(asked.map((url) => url.pathname)).toEqual([
    '/@regctl%2fcli/latest',
    '/@regctl%2fcli/latest',
    '/npm/@regctl%2fcli/latest',
  ]);
});

it.each([
  [404, '{}'],
  [200, 'no JSON'],
  [200, '{"version":"1; rm"}'],
])('fails where the registry answers %s %s', async (status, body) => {
  expect(await codeOf(check(status, body))).toBe('NETWORK');
});

it.each([
  ['/home/me/.npm/_npx/1/node_modules/@regctl/cli', 'npx'],
  ['/home/me/.local/share/pnpm/global/5/.pnpm/x/node_modules/@regctl/cli', 'pnpm'],
  ['/usr/lib/node_modules/@regctl/cli', 'npm'],
  ['C:\\Users\\me\\AppData\\Roaming\\npm\\node_modules\\@regctl\\cli', 'npm'],
  ['/src/regctl', 'directory'],
])('%s is of %s', (path, kind) => {
  expect(installedFrom({ path, isExecutable: false }, () => false).kind).toBe(kind);
  expect(installedFrom({ path, isExecutable: true }).kind).toBe('executable');
  expect(installedFrom({ path: '/src', isExecutable: false }, () => true).update).toBe('git pull');
});
