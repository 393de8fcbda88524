import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/credentials/types.ts';
import { errorJson, errorText, reportError } from '../../src/cli/output/error.ts';
import { plainStyle } from '../../src/cli/output/style.ts';
import { secretRedactor, secretsInAuthorization } from '../../src/errors/redact-secrets.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import type { Script } from '../helpers/scripted-server.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { BASIC, chainOf, policies, secretForms, testClient, tokenRegistry } from '../http/setup.ts';

const PASSWORD = 'canary "pass/word+1';
const TOKEN = 'canary-token-5b1e';
const CONFIGURED = 'canary-configured-9c';
const LOGIN = { ...BASIC, password: PASSWORD };
const CANARIES = [...secretForms(BASIC.username, PASSWORD), TOKEN, CONFIGURED, 'canary'];

/** Whatever it was sent in confidence, in every place that is printed. */
const echo: Script = (request) => {
  const authorization = request.headers.authorization ?? '';
  const pair = Buffer.from(authorization.replace(/^Basic /u, ''), 'base64').toString();
  const words = `${authorization} ${pair} ${String(request.headers['x-meta-token'])}`;
  const message = `you sent ${words} as ${encodeURIComponent(pair)}`;
  return {
    status: 403,
    headers: {
      warning: `299 - "${authorization} ${String(request.headers['x-meta-token'])}"`,
      'www-authenticate': `Bearer realm="x",error_description="${authorization}"`,
      etag: authorization,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ errors: [{ code: 'DENIED', message, detail: message }] }),
  };
};

async function complaint(server: { host: string }, credential: Credential): Promise<string> {
  await using client = testClient({
    credentials: chainOf(credential),
    policies: policies({ [server.host]: { headers: { 'X-Meta-Token': CONFIGURED } } }),
  });
  const registry = createRegistryClient({
    request: client.request,
    endpoint: client.endpoint,
    retries: client.retries,
    warn: (text) => client.warned.push(text),
  });
  const failure = await registry
    .repository({ registry: server.host, repository: 'a/b', access: 'pull' })
    .getManifest('v1')
    .then(
      () => expect.unreachable(),
      (error: unknown) => reportError(error),
    );
  const printed = [
    errorText(failure, plainStyle({ columns: 80 } as never)),
    JSON.stringify(errorJson(failure)),
    ...client.warned,
    ...client.logged,
  ].join('\n');
  expect(printed).toContain('REDACTED');
  return printed;
}

describe('a server that repeats what it was sent', () => {
  it('does not get a password printed', async () => {
    await using server = await startScriptedServer((request, count) =>
      request.headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
        : echo(request, count),
    );
    const printed = await complaint(server, LOGIN);
    expect(CANARIES.filter((canary) => printed.includes(canary))).toEqual([]);
  });

  it('does not get a token printed', async () => {
    await using server = await tokenRegistry({
      token: () => ({ status: 200, body: JSON.stringify({ token: TOKEN }) }),
      answer: echo,
    });
    const printed = await complaint(server, LOGIN);
    expect(CANARIES.filter((canary) => printed.includes(canary))).toEqual([]);
  });

  it('does not get a login printed as a token server', async () => {
    await using server = await tokenRegistry({ token: echo });
    const printed = await complaint(server, LOGIN);
    expect(CANARIES.filter((canary) => printed.includes(canary))).toEqual([]);
  });
});

it.each(['UNKNOWN', 'MANIFEST', 'errors', 'message', 'code'])(
  'a password %j that is a word of the protocol does not change what an answer means',
  async (password) => {
    await using server = await startScriptedServer((request) =>
      request.headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
        : { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"not known"}]}' },
    );
    await using client = testClient({ credentials: chainOf({ ...LOGIN, password }) });
    const registry = createRegistryClient({ ...client, warn: () => undefined });
    await expect(
      registry
        .repository({ registry: server.host, repository: 'a/b', access: 'pull' })
        .getManifest('v1'),
    ).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
  },
);

describe('secretRedactor', () => {
  it('knows a secret in JSON, in a URL and in base64', () => {
    const secret = 'a"b/c d+é';
    const forms = [
      secret,
      JSON.stringify(secret),
      encodeURIComponent(secret),
      'a%22b%2Fc+d%2B%C3%A9',
      Buffer.from(secret).toString('base64'),
    ];
    expect(secretRedactor([secret])(forms.join(' '))).not.toMatch(/b\/c|b%2F|YSJ/u);
  });

  it('leaves words alone for secrets too short to be any, and takes the longest first', () => {
    expect(secretRedactor(['a', '', undefined, 'abc'])('abc a')).toBe('abc a');
    expect(secretRedactor(['abcd', 'abcdef'])('abcdef!')).toBe('REDACTED!');
  });

  it('takes both parts of a login out of a header, whatever they hold', () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(secretsInAuthorization(basic('jane:a:b'))).toContain('a:b');
    expect(secretsInAuthorization('bearer abc')).toEqual(['abc']);
    expect(secretsInAuthorization('Negotiate')).toEqual([]);
    expect(secretsInAuthorization(undefined)).toEqual([]);
  });
});
