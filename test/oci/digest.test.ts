import { describe, expect, it } from 'vitest';
import {
  algorithmOf,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
  shortDigest,
} from '../../src/oci/digest.ts';
import { thrown } from '../helpers/thrown.ts';

const HEX = 'a'.repeat(64);

describe('parseDigest', () => {
  it.each([`sha256:${HEX}`, `sha512:${'0'.repeat(128)}`])('accepts %s', (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  it.each([
    ['', 'format'],
    [HEX, 'format'],
    [`:${HEX}`, 'format'],
    ['sha256:', 'length'],
    ['sha256:../../etc/passwd', 'length'],
    // CVE-2024-3727: traversal of the right length.
    [`sha256:${'../'.repeat(21)}x`, 'format'],
    [`sha256:${'%2e'.repeat(21)}x`, 'format'],
    [`sha256:${'A'.repeat(64)}`, 'format'],
    [`sha256:${HEX.slice(1)}`, 'length'],
    [`sha256:${HEX}a`, 'length'],
    [`sha256:${HEX.slice(1)}\n`, 'format'],
    [`sha256:${HEX}\n`, 'length'],
    [`sha512:${HEX}`, 'length'],
    [`SHA256:${HEX}`, 'algorithm'],
    [`sha384:${'a'.repeat(96)}`, 'algorithm'],
    [`md5:${'a'.repeat(32)}`, 'algorithm'],
    [`__proto__:${HEX}`, 'algorithm'],
    [`constructor:${HEX}`, 'algorithm'],
    [` sha256:${HEX}`, 'algorithm'],
  ])('refuses %j', (text, rule) => {
    expect(isDigest(text)).toBe(false);
    const error = thrown(() => parseDigest(text));
    expect(error.code).toBe('INVALID_DIGEST');
    expect(error.message).toContain(rule);
  });

  it('escapes what a terminal would obey', () => {
    expect(thrown(() => parseDigest('\u001b[2J')).message).toBe(
      'invalid digest "\\x1b[2J": invalid checksum digest format',
    );
  });
});

describe('digestOf', () => {
  it('hashes with the algorithm asked for', () => {
    const empty = new Uint8Array();
    const digest = digestOf(empty);
    expect(digest).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect([algorithmOf(digest), shortDigest(digest)]).toEqual(['sha256', 'e3b0c44298fc']);
    expect(hexOf(digestOf(empty, 'sha512'))).toMatch(/^cf83e1357eefb8bd[0-9a-f]{112}$/);
  });
});
