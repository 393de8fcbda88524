import { hash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { createHtpasswdVerifier, parseHtpasswd } from '../../src/server/htpasswd.ts';

describe('htpasswd', () => {
  it('verifies bcrypt entries in all three spellings, and nobody else', async () => {
    const one = await hash('secret', 4);
    const lines = ['# users', '', `ann:${one}`, `bob:${one.replace('$2b$', '$2y$')}`, ''];
    const verify = createHtpasswdVerifier(lines.join('\r\n'));
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
});
