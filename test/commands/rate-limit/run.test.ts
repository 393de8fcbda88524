import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/rate-limit/run.ts';
import type { Input } from '../../../src/commands/types.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/types.ts';
import { fakeContext, input, noCredentials, textOf, jsonOf } from '../fake-context.ts';

function answer(
  status: number,
  headers: Readonly<Record<string, string>>,
  more: Partial<HttpResponse> = {},
): HttpResponse {
  return {
    status,
    headers: {
      get: (name) => headers[name],
      all: (name) => (headers[name] === undefined ? [] : [headers[name]]),
      names: () => Object.keys(headers),
    },
    url: new URL('https://registry-1.docker.io/v2/'),
    body: (async function* () {})(),
    discard: async () => undefined,
    ...more,
  };
}

const HUB = {
  'ratelimit-limit': '100;w=21600',
  'ratelimit-remaining': '20;w=21600',
  'docker-ratelimit-source': '192.0.2.1',
};

async function ask(
  response: HttpResponse,
  args: readonly string[] = [],
  options: Input['options'] = {},
): Promise<{
  result: Awaited<ReturnType<typeof run>>;
  requests: HttpRequest[];
  context: ReturnType<typeof fakeContext>;
}> {
  const requests: HttpRequest[] = [];
  const context = fakeContext({
    endpoint: async (_side, registry) =>
      new URL(registry === 'docker.io' ? 'https://registry-1.docker.io/' : `https://${registry}/`),
    http: async () => async (request) => {
      requests.push(request);
      return response;
    },
    credentials: async () => ({
      ...noCredentials(),
      lookup: async () => ({ kind: 'basic', username: 'ann', password: 'pw', origin: 'file' }),
    }),
  });
  return { result: await run(context, input(args, options), {}), requests, context };
}

describe('rate-limit', () => {
  it('is one HEAD on the preview image, not repeated', async () => {
    const { result, requests } = await ask(answer(200, HUB));
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'HEAD', idempotent: false });
    expect(requests[0]?.url.href).toBe(
      'https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest',
    );
    expect(jsonOf(result)).toEqual({
      Registry: 'docker.io',
      Limit: 100,
      Remaining: 20,
      Used: 80,
      WindowSeconds: 21_600,
      Source: '192.0.2.1',
      Account: null,
      Limited: true,
    });
    expect(textOf(result)).toMatch(/100 pulls in 6 h/u);
    expect(textOf(result)).toContain('anonymous');
  });

  it('names the account where credentials were sent', async () => {
    const { result } = await ask(answer(200, HUB, { credentials: { sent: true } }));
    expect(jsonOf(result)).toMatchObject({ Account: 'ann' });
    expect(textOf(result)).toContain('logged in as ann');
  });

  it('reads a 429, and reports one without headers as what it is', async () => {
    const { result } = await ask(answer(429, { ...HUB, 'ratelimit-remaining': '0;w=21600' }));
    expect(jsonOf(result)).toMatchObject({ Remaining: 0, Limited: true });
    await expect(ask(answer(429, {}))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('no headers: no limit, whatever --fail-below says', async () => {
    const { result } = await ask(answer(200, {}), [], { failBelow: 50 });
    expect(jsonOf(result)).toMatchObject({ Limited: false, Limit: null, Remaining: null });
    expect(result.exit ?? 0).toBe(0);
  });

  it('--fail-below: exit 3 with the result, and only below', async () => {
    expect((await ask(answer(200, HUB), [], { failBelow: 20 })).result.exit ?? 0).toBe(0);
    const below = await ask(answer(200, HUB), [], { failBelow: 21 });
    expect(below.result.exit).toBe(3);
    expect(jsonOf(below.result)).toMatchObject({ Remaining: 20 });
    expect(below.context.warnings[0]).toContain('20 pulls');
  });

  it('asks with another image, and refuses what is none of a registry', async () => {
    const { requests } = await ask(answer(200, {}), ['r.example/team/app:v1']);
    expect(requests[0]?.url.href).toBe('https://r.example/v2/team/app/manifests/v1');
    expect(requests[0]?.auth).toMatchObject({ registry: 'r.example', repository: 'team/app' });
    await expect(ask(answer(200, {}), ['oci:dir'])).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('a refusal is an error', async () => {
    await expect(ask(answer(401, {}))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
