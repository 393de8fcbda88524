import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../src/errors/app-error.ts';
import { parseErrorBody } from '../../../src/registry/errors/body.ts';
import type { Reply } from '../../helpers/scripted-server.ts';
import { startRegistry } from '../harness.ts';

async function failure(
  reply: Reply,
  options: Parameters<typeof startRegistry>[1] = {},
): Promise<RegistryError> {
  await using at = await startRegistry(() => reply, options);
  const error: unknown = await at
    .repository()
    .getManifest('v1')
    .catch((one: unknown) => one);
  if (error instanceof RegistryError) return error;
  throw new Error(`not a RegistryError: ${String(error)}`);
}

const DEMAND: Reply = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };

describe('error bodies', () => {
  it.each<[string, string, unknown]>([
    [
      'the standard form',
      '{"errors":[{"code":"DENIED","message":"no","detail":"why"}]}',
      [{ code: 'DENIED', message: 'no', detail: 'why' }],
    ],
    ['details', '{"details":"slow down"}', [{ code: '', message: 'slow down' }]],
    ['detail', '{"detail":"object not found"}', [{ code: '', message: 'object not found' }]],
    ['message', '{"message":"Not here"}', [{ code: '', message: 'Not here' }]],
    ['plain text', '404 page not found\n', [{ code: '', message: '404 page not found' }]],
    ['nothing', '', []],
    ['an empty object', '{}', []],
    ['odd entries', '{"errors":[null,7,{"code":5},"text"]}', [{ code: '', message: 'text' }]],
  ])('reads %s', (_name, body, entries) => {
    expect(parseErrorBody(body)).toEqual(entries);
  });
});

describe('RegistryError', () => {
  it.each<[number, string, string, number]>([
    [401, '', 'UNAUTHORIZED', 1],
    [403, '', 'FORBIDDEN', 1],
    [404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"x"}]}', 'MANIFEST_UNKNOWN', 2],
    [404, '{"errors":[{"code":"NAME_UNKNOWN","message":"x"}]}', 'REPOSITORY_UNKNOWN', 2],
    [404, '{"errors":[{"code":"UNKNOWN","message":"Not Found"}]}', 'MANIFEST_UNKNOWN', 2],
    [404, '{"errors":[{"code":"UNAUTHORIZED","message":"x"}]}', 'MANIFEST_UNKNOWN', 2],
    [405, '', 'UNSUPPORTED', 1],
    [429, '{"details":"pull rate limit"}', 'RATE_LIMITED', 4],
    [500, '', 'REGISTRY_ERROR', 1],
    [503, '<html><title>Down</title>', 'REGISTRY_ERROR', 1],
  ])('maps %i %s to %s', async (status, body, code, exitStatus) => {
    const error = await failure({ status, body });
    expect(error.code).toBe(code);
    expect(error.exitStatus).toBe(exitStatus);
    expect(error.message).not.toContain('\n');
  });

  it('says what failed, the registry’s words and who asked', async () => {
    const body = '{"errors":[{"code":"DENIED","message":"access \\u001b[2Jdenied"}]}';
    const error = await failure(
      { status: 403, body },
      { credentials: { sent: true, origin: '~/.docker/config.json' } },
    );
    expect(error.message).toBe(
      'cannot read manifest reg.example/a/b:v1: this login has no permission',
    );
    expect(error.why).toEqual([
      'HTTP 403',
      'the registry says "DENIED: access \\x1b[2Jdenied"',
      'credentials from ~/.docker/config.json were sent',
    ]);
    expect(error.hint).toContain('Ask the owner of reg.example/a/b for access');
    expect(error.credentials).toEqual({ sent: true, origin: '~/.docker/config.json' });
    expect(error.status).toBe(403);
    expect(error.url).toContain('/v2/a/b/manifests/v1');
  });

  it('tells a wrong password from a missing one', async () => {
    const refused = await failure(DEMAND, { credentials: { sent: true } });
    expect(refused.message).toMatch(/: the registry rejected this login$/u);
    expect(refused.hint).toMatch(/--no-creds.* log in again: regctl login reg\.example$/u);
    const given = await failure(DEMAND, { credentials: { sent: true, origin: '--creds' } });
    expect(given.hint).toBe('Check --creds. If the image is public, use --no-creds instead.');
    const anonymous = await failure(DEMAND, { credentials: { sent: false } });
    expect(anonymous.message).toBe('reg.example/a/b:v1 requires a login');
    expect(anonymous.hint).toBe('Log in: regctl login reg.example');
  });

  it.each<[string, Record<string, string>, string]>([
    ['missing', {}, 'the registry sent no login challenge (WWW-Authenticate)'],
    [
      'not usable',
      { 'www-authenticate': 'Bearer realm="/token"' },
      'the registry\'s login challenge cannot be used (WWW-Authenticate Bearer realm="/token")',
    ],
  ])('names a challenge that is %s', async (_name, headers, fact) => {
    const error = await failure({ status: 401, headers }, { credentials: { sent: false } });
    expect(error.why).toContain(fact);
    expect(error.hint).not.toContain('regctl login');
  });

  it.each<[string, unknown, string]>([
    ['message', { message: 'R' }, ' (R)'],
    ['an enclosed error', { DriverName: 's3aws', Enclosed: { Code: 'A', Message: 'R' } }, ' (R)'],
    ['a list', ['R'], ' (R)'],
    ['what was asked for', [{ Type: 'repository', Name: 'a/b', Action: 'pull' }], ''],
    ['the message again', 'no', ''],
  ])('reads the reason from a detail that is %s', async (_name, detail, shown) => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no', detail }] });
    const error = await failure({ status: 403, body });
    expect(error.why).toContain(`the registry says "DENIED: no${shown}"`);
  });

  it('names a read-only registry', async () => {
    const body = '{"errors":[{"code":"DENIED","message":"The system is in read only mode."}]}';
    const error = await failure({ status: 403, body }, { credentials: { sent: true } });
    expect(error.message).toMatch(/: the registry is read-only$/u);
    expect(error.hint).toContain('read-only mode');
  });

  it('knows that Docker Hub answers 401 for what does not exist', async () => {
    const error = await failure(DEMAND, { registry: 'docker.io', credentials: { sent: false } });
    expect(error.hint).toContain('for missing and for private repositories');
    expect(error.hint).toMatch(/Log in: regctl login$/u);
  });

  it('names a web page as such', async () => {
    const body = '<html><head><title>404 Not Found</title></head>';
    const error = await failure({ status: 404, body });
    expect(error.why).toContain('the answer is a web page (HTML), "404 Not Found"');
    expect(error.hint).toContain('does not offer the registry API');
  });

  it('reads no more of a body than it needs', async () => {
    await using at = await startRegistry(() => (_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, 0x61);
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(500);
      response.on('drain', pump);
      pump();
    });
    const error: unknown = await at
      .repository()
      .getManifest('v1')
      .catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'REGISTRY_ERROR', status: 500 });
    expect((error as Error).message.length).toBeLessThan(600);
  });

  it('survives a body that breaks off', async () => {
    await using at = await startRegistry(() => (_request, response) => {
      response.writeHead(500, { 'content-length': '1000' });
      response.write('{"message":');
      setImmediate(() => response.destroy());
    });
    await expect(at.repository().getManifest('v1')).rejects.toMatchObject({ status: 500 });
  });
});
