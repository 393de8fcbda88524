import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { parseLayoutName } from '../../../src/transports/oci-layout/name.ts';

const D = `sha256:${'a'.repeat(64)}`;

describe('names of layouts', () => {
  it.each([
    ['./out', './out', undefined, undefined],
    ['out:v1', 'out', 'v1', 'v1'],
    ['/a:b/c', '/a:b/c', undefined, undefined],
    ['/a:b/c:v1', '/a:b/c', 'v1', 'v1'],
    [`out@${D}`, 'out', D, undefined],
    [`out:v1@${D}`, 'out', D, 'v1'],
    ['C:\\out', 'C:\\out', undefined, undefined],
    ['C:\\out:v1', 'C:\\out', 'v1', 'v1'],
    ['C:/out', 'C:/out', undefined, undefined],
    [`C:/out@${D}`, 'C:/out', D, undefined],
    ['user@host/out:v1', 'user@host/out', 'v1', 'v1'],
    ['user@host:v1', 'user@host', 'v1', 'v1'],
  ])('%s', (rest, name, ref, tag) => {
    expect(parseLayoutName(rest)).toEqual({ scheme: 'oci', name, ref, tag, text: `oci:${rest}` });
  });

  it.each([
    '',
    ':v1',
    `@${D}`,
    'out:',
    'out:.v1',
    `out:${'t'.repeat(129)}`,
    'out@sha256:../../etc/passwd',
    'out@sha256:%2e%2e',
    `out@sha256:${'A'.repeat(64)}`,
    `out@sha256:${'a'.repeat(63)}`,
    `out@md5:${'a'.repeat(32)}`,
    'a\u0000b',
    '//ghcr.io/o/a',
  ])('refuses %j', (rest) => {
    let error: unknown;
    try {
      parseLayoutName(rest);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'INVALID_REFERENCE', exitStatus: 64 });
  });
});
