import { describe, expect, it } from 'vitest';
import { startScriptedServer, type Script } from '../helpers/scripted-server.ts';
import { newMachine } from './regctl.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const MANIFEST = {
  'content-type': 'application/vnd.oci.image.index.v1+json',
  'docker-content-digest': DIGEST,
  'content-length': '100',
};

async function withRegistry(
  script: Script,
  body: (
    host: string,
    machine: Awaited<ReturnType<typeof newMachine>>,
    lines: () => readonly string[],
  ) => Promise<void>,
): Promise<void> {
  await using server = await startScriptedServer(script);
  await using machine = await newMachine();
  await body(server.host, machine, () => server.lines);
}

describe('rate-limit', () => {
  const forms: readonly [string, Record<string, string>, Record<string, unknown>][] = [
    [
      '100;w=21600',
      {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '76;w=21600',
        'docker-ratelimit-source': '192.0.2.7',
      },
      {
        Limit: 100,
        Remaining: 76,
        Used: 24,
        WindowSeconds: 21600,
        Source: '192.0.2.7',
        Limited: true,
      },
    ],
    [
      'a list',
      {
        'ratelimit-limit': '100;w=21600, 200;w=86400',
        'ratelimit-remaining': '20;w=21600, 120;w=86400',
      },
      { Limit: 100, Remaining: 20, WindowSeconds: 21600, Limited: true },
    ],
    [
      'plain numbers',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '3' },
      { Limit: 100, Remaining: 3, Limited: true },
    ],
  ];
  for (const [name, headers, expected] of forms) {
    it(`reads ${name}, by HEAD alone`, () =>
      withRegistry(
        () => ({ status: 200, headers: { ...MANIFEST, ...headers } }),
        async (host, machine, lines) => {
          expect(await machine.json(['rate-limit', `${host}/ratelimitpreview/test`])).toMatchObject(
            expected,
          );
          expect(lines()).toEqual(['HEAD /v2/ratelimitpreview/test/manifests/latest']);
        },
      ));
  }

  it('no headers: not limited, exit 0, also with --fail-below', () =>
    withRegistry(
      () => ({ status: 200, headers: MANIFEST }),
      async (host, machine) => {
        expect(await machine.json(['rate-limit', `${host}/a/b`])).toMatchObject({ Limited: false });
        await machine.expect(0, ['rate-limit', '--fail-below', '50', `${host}/a/b`]);
      },
    ));

  it('--fail-below exits 3 when fewer are left', () =>
    withRegistry(
      () => ({
        status: 200,
        headers: {
          ...MANIFEST,
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '9;w=21600',
        },
      }),
      async (host, machine) => {
        await machine.expect(0, ['rate-limit', '--fail-below', '9', `${host}/a/b`]);
        const done = await machine.expect(3, [
          'rate-limit',
          '-o',
          'json',
          '--fail-below',
          '10',
          `${host}/a/b`,
        ]);
        expect(() => JSON.parse(done.stdout) as unknown).not.toThrow();
      },
    ));

  it('429 still tells what is left', () =>
    withRegistry(
      () => ({
        status: 429,
        headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' },
      }),
      async (host, machine, lines) => {
        expect(await machine.json(['rate-limit', `${host}/a/b`])).toMatchObject({
          Limit: 100,
          Remaining: 0,
          Limited: true,
        });
        expect(lines().length).toBe(1);
      },
    ));
});

describe('a Docker Hub that says the pull limit is reached', () => {
  it('ends at once with exit 4 and the way out', () =>
    withRegistry(
      () => ({
        status: 429,
        body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limits"}]}',
      }),
      async (host, machine, lines) => {
        const error = await machine.jsonError(4, ['manifest', `${host}/a/b`]);
        expect(error.code).toBe('RATE_LIMITED');
        expect(error.hint).toMatch(/login|rate-limit/);
        expect(lines().length).toBe(1);
      },
    ));
});

describe('search', () => {
  const results = [
    {
      name: 'redis',
      description: 'In-memory store',
      star_count: 13000,
      is_official: true,
      is_automated: false,
    },
    {
      name: 'bitnami/redis',
      description:
        'A very long description that goes on and on and on and on, well beyond any column',
      star_count: 300,
      is_official: false,
    },
    {
      name: 'someone/redis',
      description: '\u001b]0;owned\u0007',
      star_count: 2,
      is_official: false,
    },
  ];
  const page = {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      num_pages: 1,
      num_results: 3,
      page: 1,
      page_size: 25,
      query: 'redis',
      results,
    }),
  };

  async function searching(
    args: readonly string[],
    body: (stdout: string, lines: readonly string[]) => void,
  ): Promise<void> {
    await using server = await startScriptedServer(() => page);
    await using machine = await newMachine();
    const done = await machine.expect(0, ['search', ...args], {
      env: { REGCTL_HUB_SEARCH_URL: server.origin },
    });
    body(done.stdout, server.lines);
  }

  it('shows a table, with long descriptions cut and controls made visible', () =>
    searching(['redis'], (stdout) => {
      const [head, first] = stdout.split('\n');
      expect(head).toMatch(/^NAME\s+DESCRIPTION\s+STARS\s+OFFICIAL/);
      expect(first).toMatch(/^redis\s+In-memory store\s+13000\s+\[OK\]/);
      expect(stdout).not.toContain('well beyond any column');
      expect(stdout).not.toContain('\u001b');
    }));
  it('--no-trunc', () =>
    searching(['--no-trunc', 'redis'], (stdout) =>
      expect(stdout).toContain('well beyond any column'),
    ));
  it('--filter is-official=true', () =>
    searching(['-o', 'json', '--filter', 'is-official=true', 'redis'], (stdout) => {
      expect((JSON.parse(stdout) as { Name: string }[]).map((one) => one.Name)).toEqual(['redis']);
    }));
  it('--filter stars=N', () =>
    searching(['-o', 'json', '--filter', 'stars=100', 'redis'], (stdout) => {
      expect((JSON.parse(stdout) as { Name: string }[]).map((one) => one.Name)).toEqual([
        'redis',
        'bitnami/redis',
      ]);
    }));
});
