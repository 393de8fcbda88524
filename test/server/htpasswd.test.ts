import { hash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { createHtpasswdVerifier, parseHtpasswd } from '../../src/server/htpasswd.ts';
import { eventually } from '../helpers/until.ts';

describe('htpasswd', () => {
  it('verifies bcrypt entries in all three spellings, and nobody else', async () => {
    const one = await hash('secret', 4);
    const lines = ['# users', '', `ann:${one}`, `bob:${one.replace('$2b$', '$2y$')}`, ''];
    const verify = createHtpasswdVerifier(parseHtpasswd(lines.join('\r\n')));
    expect(await verify('ann', 'secret')).toBe(true);
    expect(await verify('ann', 'secret')).toBe(true);
    expect(await verify('bob', 'secret')).toBe(true);
    expect(await verify('ann', 'Secret')).toBe(false);
    expect(await verify('ann', '')).toBe(false);
    expect(await verify('eve', 'secret')).toBe(false);
    expect(await verify('__proto__', 'secret')).toBe(false);
    expect(await verify('ann', 'secret')).toBe(true);
  });

  it.each([
    ['plain text', 'ann:secret'],
    ['SHA-1', 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
    ['MD5', 'ann:$apr1$x$y'],
    ['no name', ':$2b$04$'.padEnd(61, '.')],
    ['no colon', 'ann'],
    ['a cost nobody can wait for', `ann:$2b$31$${'a'.repeat(53)}`],
  ])('refuses %s and names the line', (_what, line) => {
    expect(() => parseHtpasswd(`# first\n${line}\n`)).toThrow('htpasswd line 2');
  });

  const users = parseHtpasswd(
    [`ann:$2b$05$${'a'.repeat(53)}`, `bob:$2y$05$${'b'.repeat(53)}`].join('\n'),
  );

  /** Comparisons that end when the test says so; a password is right when it is "right". */
  function heldComparisons() {
    const running: (() => void)[] = [];
    const seen: string[] = [];
    const compare = async (password: string): Promise<boolean> => {
      seen.push(password);
      await new Promise<void>((end) => running.push(end));
      return password === 'right';
    };
    return { compare, running, seen, endOne: () => running.shift()?.() };
  }

  it('works at two comparisons at once, newest first, and sends the oldest of the rest away', async () => {
    const { compare, running, endOne } = heldComparisons();
    const verify = createHtpasswdVerifier(users, { compare });
    const wrong = Array.from({ length: 400 }, (_, i) => verify('ann', `guess ${i}`));
    const refused = Promise.allSettled(wrong);
    const right = verify('ann', 'right');
    await eventually(() => expect(running).toHaveLength(2));
    endOne();
    await eventually(() => expect(running).toHaveLength(2));
    endOne();
    endOne();
    expect(await right).toBe(true);
    const drain = setInterval(endOne);
    const kinds = (await refused).map((one) =>
      one.status === 'fulfilled' ? one.value : (one.reason as { status: number }).status,
    );
    clearInterval(drain);
    expect(kinds.filter((kind) => kind === 429)).toHaveLength(400 - 2 - 15);
    expect(kinds.filter((kind) => kind === false)).toHaveLength(17);
  });

  it('asks once for one password however many wait, and not for one whose clients all left', async () => {
    const { compare, running, seen, endOne } = heldComparisons();
    const verify = createHtpasswdVerifier(users, { compare });
    const busy = [verify('ann', '1'), verify('ann', '2')];
    const [first, second] = [new AbortController(), new AbortController()];
    const left = [first, second].map((one) => verify('ann', 'left', one.signal));
    const stays = [verify('ann', 'right'), verify('ann', 'right')];
    const settled = Promise.allSettled(left);
    first.abort(new Error('gone'));
    second.abort(new Error('gone'));
    expect((await settled).map((one) => one.status)).toEqual(['rejected', 'rejected']);
    endOne();
    endOne();
    await Promise.all(busy);
    await eventually(() => expect(running).toHaveLength(1));
    endOne();
    expect(await Promise.all(stays)).toEqual([true, true]);
    expect(seen).toHaveLength(3);
  });

  it('remembers a right password for a minute, and a wrong one not at all', async () => {
    let now = 0;
    let comparisons = 0;
    const compare = async (password: string): Promise<boolean> => {
      comparisons += 1;
      return password === 'right';
    };
    const verify = createHtpasswdVerifier(users, { compare, now: () => now });
    for (const at of [0, 30_000, 59_999]) {
      now = at;
      expect(await verify('ann', 'right')).toBe(true);
    }
    expect(comparisons).toBe(1);
    now = 60_000;
    expect(await verify('ann', 'right')).toBe(true);
    expect(comparisons).toBe(2);
    expect(await verify('ann', 'wrong')).toBe(false);
    expect(await verify('ann', 'wrong')).toBe(false);
    expect(await verify('bob', 'right')).toBe(true);
    expect(comparisons).toBe(5);
  });

  it.each(['05', '12'])('takes as long for a name that is not there (cost %s)', async (cost) => {
    const seen: string[] = [];
    const compare = async (_password: string, bcrypted: string): Promise<boolean> => {
      seen.push(bcrypted.slice(4, 6));
      return true;
    };
    const verify = createHtpasswdVerifier(parseHtpasswd(`ann:$2b$${cost}$${'a'.repeat(53)}`), {
      compare,
    });
    expect(await verify('ann', 'x')).toBe(true);
    expect(await verify('eve', 'x')).toBe(false);
    expect(seen).toEqual([cost, cost]);
  });

  it('does not hold up the program while it compares', async () => {
    const slow = await hash('secret', 12);
    const verify = createHtpasswdVerifier(parseHtpasswd(`ann:${slow}`));
    let turns = 0;
    const turn = setInterval(() => (turns += 1), 0);
    expect(await verify('ann', 'secret')).toBe(true);
    clearInterval(turn);
    // On the main thread it takes some slices of 100 ms.
    expect(turns).toBeGreaterThan(60);
  });

  it('lets nobody in where the file has no users', async () => {
    const verify = createHtpasswdVerifier(parseHtpasswd('# nobody\n'), {
      compare: async () => true,
    });
    expect(await verify('ann', '')).toBe(false);
  });
});
