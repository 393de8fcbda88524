import { afterEach, describe, expect, it } from 'vitest';
import { parseRules } from '../../../src/server/access/rules.ts';
import type { RegistryServer } from '../../../src/server/server.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { codeOf, startServer, type Answer, type Sent } from '../client.ts';

const servers: RegistryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const RULES = `
- repositories: public/**
  pull: [anonymous]
  push: [ann]
- repositories: [team/*, shared]
  pull: ["*"]
  push: [ann, ben]
  delete: ann
`;

describe('rules', () => {
  it('let the first that matches decide', async () => {
    const rules = await parseRules(RULES);
    const table = [
      [undefined, 'pull', 'public/a/b', true],
      [undefined, 'pull', 'public', false],
      [undefined, 'pull', 'team/app', false],
      ['eve', 'pull', 'team/app', true],
      ['eve', 'pull', 'team/app/deep', false],
      ['eve', 'push', 'team/app', false],
      ['ben', 'push', 'shared', true],
      ['ben', 'delete', 'shared', false],
      ['ann', 'delete', 'shared', true],
      ['ann', 'delete', 'public/a', false],
      ['ann', 'pull', 'other', false],
    ] as const;
    for (const [user, action, name, expected] of table) {
      expect(rules.allows(user, action, name), `${user} ${action} ${name}`).toBe(expected);
    }
  });

  it.each([
    ['repositories: a', 'line 1: expected a list of rules'],
    ['- pull: [ann]', 'line 1: a rule needs repositories'],
    ['- repositories: a\n  pul: [ann]', 'line 2: unknown key "pul"'],
    ['- repositories: a\n  pull: {ann: 1}', 'line 2: expected a name'],
    ['- repositories: a\n  pull: [ann', 'line 2'],
    ['', 'line 1: expected a list of rules'],
  ])('name the line of a mistake in %j', async (text, words) => {
    await expect(parseRules(text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(words),
    });
  });
});

describe('a registry with rules', () => {
  const start = async () => {
    const rules = await parseRules(RULES);
    const { server, send } = await startServer({
      basicAuth: (username, password) => username === password,
      rules: () => rules,
    });
    servers.push(server);
    return (
      user: string | undefined,
      method: string,
      path: string,
      sent: Sent = {},
    ): Promise<Answer> => {
      const authorization = `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}`;
      return send(method, path, { ...sent, headers: user === undefined ? {} : { authorization } });
    };
  };
  const data = Buffer.from('some bytes');
  const digest = digestOf(data);
  const upload = (name: string): string => `/v2/${name}/blobs/uploads/?digest=${digest}`;

  it('asks strangers for a login where a login can help, and denies the rest', async () => {
    const send = await start();
    expect((await send('ann', 'POST', upload('public/a'), { body: data })).status).toBe(201);
    expect((await send(undefined, 'GET', `/v2/public/a/blobs/${digest}`)).status).toBe(200);
    expect((await send('', 'GET', `/v2/public/a/blobs/${digest}`)).status).toBe(200);
    expect((await send(undefined, 'GET', `/v2/team/a/blobs/${digest}`)).status).toBe(401);
    expect((await send(undefined, 'POST', upload('public/a'), { body: data })).status).toBe(401);
    expect((await send(undefined, 'GET', '/v2/')).status).toBe(401);
    expect((await send(undefined, 'GET', '/v2/_catalog')).status).toBe(401);
    const denied = await send('eve', 'POST', upload('team/a'), { body: data });
    expect([denied.status, codeOf(denied)]).toEqual([403, 'DENIED']);
    expect((await send('eve', 'GET', `/v2/team/a/tags/list`)).status).toBe(404);
    expect((await send('eve', 'GET', `/v2/secret/a/tags/list`)).status).toBe(403);
    expect((await send('ben', 'DELETE', `/v2/team/a/blobs/${digest}`)).status).toBe(403);
  });

  it('lists and mounts only what the caller may pull', async () => {
    const send = await start();
    for (const name of ['public/a', 'team/a']) {
      expect((await send('ann', 'POST', upload(name), { body: data })).status).toBe(201);
    }
    expect((await send('eve', 'GET', '/v2/_catalog')).json).toEqual({
      repositories: ['public/a', 'team/a'],
    });
    const mount = (from: string): string =>
      `/v2/shared/blobs/uploads/?mount=${digest}&from=${from}`;
    expect((await send('ben', 'POST', mount('team/a'))).status).toBe(201);
    expect((await send('ben', 'POST', mount('other'))).status).toBe(202);
  });
});
