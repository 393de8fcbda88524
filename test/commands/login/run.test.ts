import { describe, expect, it } from 'vitest';
import { run as login } from '../../../src/commands/login/run.ts';
import { run as logout } from '../../../src/commands/logout/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import type { RegistryClient } from '../../../src/registry/types.ts';
import { fakeContext, input, nobody, noCredentials, textOf, jsonOf } from '../fake-context.ts';

interface Saved {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

function setUp(
  ping: RegistryClient['ping'],
  more: Partial<Context> = {},
): { context: ReturnType<typeof fakeContext>; saved: Saved[]; tried: unknown[] } {
  const saved: Saved[] = [];
  const tried: unknown[] = [];
  const unexpected = (): never => {
    throw new Error('Unexpected call');
  };
  const context = fakeContext({
    registryForLogin: async (credential) => {
      tried.push(credential);
      return { repository: unexpected, catalog: unexpected, ping };
    },
    logins: {
      save: async (host, one) => {
        saved.push({ host, ...one });
        return { storedIn: '/home/ann/.docker/config.json', plainText: true };
      },
      remove: unexpected,
      list: unexpected,
    },
    ...more,
  });
  return { context, saved, tried };
}

const accept = async (): Promise<void> => undefined;
const stdin = (text: string): Context['terminal'] => ({ ...nobody, readStdin: async () => text });

describe('login', () => {
  it('stores what the registry accepted, without the line end of standard input', async () => {
    const { context, saved, tried } = setUp(accept, { terminal: stdin('s3cret \r\n') });
    const options = { username: 'ann', passwordStdin: true };
    const result = await login(context, input(['https://ghcr.io/'], options), {});
    expect(saved).toEqual([{ host: 'ghcr.io', username: 'ann', password: 's3cret ' }]);
    expect(tried).toEqual([{ username: 'ann', password: 's3cret ' }]);
    expect(textOf(result)).toBe('Login Succeeded!');
    expect(context.warnings).toHaveLength(1);
    expect(context.warnings[0]).toContain('unencrypted');
    expect(JSON.stringify([jsonOf(result), context.warnings, context.notes])).not.toContain(
      's3cret',
    );
  });

  it('stores nothing that was refused', async () => {
    const { context, saved } = setUp(
      async () => {
        throw new AppError('UNAUTHORIZED', 'no');
      },
      { terminal: stdin('x') },
    );
    const options = { username: 'ann', passwordStdin: true };
    await expect(login(context, input(['ghcr.io'], options), {})).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect(saved).toEqual([]);
  });

  it.each([
    ['quay.io/team', 'quay.io/team'],
    ['docker.io/team/app/', 'docker.io/team/app'],
    ['ghcr.io/', 'ghcr.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
  ])('%s is a login of %s', async (text, target) => {
    const { context, saved } = setUp(accept, { terminal: stdin('pw') });
    await login(context, input([text], { username: 'ann', passwordStdin: true }), {});
    expect(saved).toEqual([{ host: target, username: 'ann', password: 'pw' }]);
  });

  it.each(['quay.io/team:v1', 'quay.io/Team', 'team/app', 'quay.io//x', 'https://quay.io/team'])(
    '%s is none',
    async (text) => {
      const { context } = setUp(accept, { terminal: stdin('pw') });
      await expect(
        login(context, input([text], { username: 'ann', passwordStdin: true }), {}),
      ).rejects.toMatchObject({ code: 'INVALID_REFERENCE' });
    },
  );

  it('asks a person, the password without echo, for Docker Hub by default', async () => {
    const asked: [string, boolean | undefined][] = [];
    const { context, saved } = setUp(accept, {
      terminal: {
        ...nobody,
        interactive: true,
        prompt: async (question, options) => {
          asked.push([question, options?.hidden]);
          return options?.hidden === true ? 'pw' : ' ann ';
        },
      },
    });
    await login(context, input([]), {});
    expect(asked.map(([, hidden]) => hidden === true)).toEqual([false, true]);
    expect(saved).toEqual([{ host: 'docker.io', username: 'ann', password: 'pw' }]);
  });

  it('-p works and warns', async () => {
    const { context, saved } = setUp(accept);
    await login(context, input(['ghcr.io'], { username: 'ann', password: 'pw' }), {});
    expect(saved).toHaveLength(1);
    expect(context.warnings.join('\n')).toContain('--password-stdin');
  });

  for (const [what, options] of [
    ['no terminal to ask', {}],
    ['two passwords', { username: 'a', password: 'b', passwordStdin: true }],
    ['--password-stdin without a user', { passwordStdin: true }],
    ['an empty password', { username: 'a', password: '' }],
  ] as const) {
    it(`${what} is wrong usage`, async () => {
      const { context } = setUp(accept, { terminal: stdin('') });
      await expect(login(context, input(['ghcr.io'], options), {})).rejects.toMatchObject({
        code: 'USAGE',
      });
    });
  }
});

describe('login at a registry whose token server is elsewhere', () => {
  const options = { username: 'ann', password: 'pw' };
  const refusal = new AppError('REALM_UNTRUSTED', 'no', { details: { realm: 'auth.example' } });

  function refusing(answer: boolean | undefined): ReturnType<typeof setUp> & {
    trusted: string[];
    asked: string[];
  } {
    const trusted: string[] = [];
    const asked: string[] = [];
    const terminal: Context['terminal'] =
      answer === undefined
        ? nobody
        : {
            ...nobody,
            interactive: true,
            confirm: async (question) => {
              asked.push(question);
              return answer;
            },
          };
    const made = setUp(
      async () => {
        if (trusted.length === 0) throw refusal;
      },
      {
        terminal,
        trustRealm: async (registry, realm) => void trusted.push(`${registry} ${realm}`),
      },
    );
    return { ...made, trusted, asked };
  }

  it('asks, and remembers a yes', async () => {
    const { context, saved, trusted, asked } = refusing(true);
    await login(context, input(['r.example'], options), {});
    expect(asked[0]).toMatch(/r\.example.*auth\.example/u);
    expect(trusted).toEqual(['r.example auth.example']);
    expect(saved).toHaveLength(1);
  });

  for (const [who, answer] of [
    ['a person who says no', false],
    ['nobody to ask', undefined],
  ] as const) {
    it(`stores and trusts nothing with ${who}`, async () => {
      const { context, saved, trusted } = refusing(answer);
      await expect(login(context, input(['r.example'], options), {})).rejects.toBe(refusal);
      expect(saved).toEqual([]);
      expect(trusted).toEqual([]);
    });
  }
});

describe('login --get-login', () => {
  const ask = (context: Context): ReturnType<typeof login> =>
    login(context, input(['ghcr.io'], { getLogin: true }), {});

  it('prints the user', async () => {
    const chain = {
      ...noCredentials(),
      lookup: async () => ({
        kind: 'basic' as const,
        username: 'ann',
        password: 'pw',
        origin: 'file',
      }),
    };
    const result = await ask(fakeContext({ credentials: async () => chain }));
    expect(textOf(result)).toBe('ann');
    expect(JSON.stringify(jsonOf(result))).not.toContain('pw');
  });

  it('fails without a login', async () => {
    const context = fakeContext({ credentials: async () => noCredentials() });
    await expect(ask(context)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

describe('logout', () => {
  const context = (stored: string[]): Context =>
    fakeContext({
      logins: {
        save: async () => {
          throw new Error('Unexpected call to save');
        },
        list: async () => [...stored],
        remove: async (host) => {
          const at = stored.indexOf(host);
          if (at < 0) return [];
          stored.splice(at, 1);
          return ['/home/ann/.docker/config.json'];
        },
      },
    });

  it('forgets one registry, and is no error the second time', async () => {
    const stored = ['ghcr.io', 'docker.io'];
    expect(jsonOf(await logout(context(stored), input(['ghcr.io']), {}))).toEqual({
      Removed: ['ghcr.io'],
    });
    expect(stored).toEqual(['docker.io']);
    expect(textOf(await logout(context(stored), input(['ghcr.io']), {}))).toContain(
      'Not logged in',
    );
  });

  it('--all forgets every one and takes no name', async () => {
    const stored = ['ghcr.io', 'docker.io'];
    await logout(context(stored), input([], { all: true }), {});
    expect(stored).toEqual([]);
    await expect(
      logout(context(stored), input(['ghcr.io'], { all: true }), {}),
    ).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('--all goes on behind one that cannot be forgotten, and says so', async () => {
    const stored = ['broken.example', 'ghcr.io'];
    const { logins, ...rest } = context(stored);
    const failing: Context = {
      ...rest,
      logins: {
        ...logins,
        remove: (host) =>
          host === 'broken.example'
            ? Promise.reject(new AppError('CREDENTIAL_HELPER', 'broken'))
            : logins.remove(host),
      },
    };
    await expect(logout(failing, input([], { all: true }), {})).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER',
    });
    expect(stored).toEqual(['broken.example']);
  });
});
