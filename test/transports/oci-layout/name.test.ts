import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { parseLayoutName } from '../../../src/transports/oci-layout/name.ts';

const D = `sha256:${'a'.repeat(64)}`;

describe('names of layouts', () => {
  it.each([
    ['./out', './out', undefined, undefined],
    ['out:', 'out', undefined, undefined],
    ['out:v1', 'out', 'v1', 'v1'],
    ['out:_x', 'out', '_x', '_x'],
    ['/a:b/c', '/a', 'b/c', 'b/c'],
    ['/a:b/c:v1', '/a', 'b/c:v1', 'b/c:v1'],
    ['out:ghcr.io/o/app:v1', 'out', 'ghcr.io/o/app:v1', 'ghcr.io/o/app:v1'],
    ['l2:localhost/team/hello:1.0', 'l2', 'localhost/team/hello:1.0', 'localhost/team/hello:1.0'],
    ['bo:mine:1', 'bo', 'mine:1', 'mine:1'],
    ['out:host:5000/a--b+c:v1', 'out', 'host:5000/a--b+c:v1', 'host:5000/a--b+c:v1'],
    [`out@${D}`, 'out', D, undefined],
    [`out@sha512:${'b'.repeat(128)}`, 'out', `sha512:${'b'.repeat(128)}`, undefined],
    [`out:v1@${D}`, 'out', `v1@${D}`, 'v1'],
    [`out:ghcr.io/o/app:v1@${D}`, 'out', `ghcr.io/o/app:v1@${D}`, 'ghcr.io/o/app:v1'],
    [`out:a@${D}@${D}`, 'out', `a@${D}@${D}`, `a@${D}`],
    ['out:@0', 'out', '@0', undefined],
    ['out:@12', 'out', '@12', undefined],
    ['C:\\out', 'C:\\out', undefined, undefined],
    ['C:\\out:v1', 'C:\\out', 'v1', 'v1'],
    ['c:\\out:ghcr.io/o/app:v1', 'c:\\out', 'ghcr.io/o/app:v1', 'ghcr.io/o/app:v1'],
    ['\\\\?\\C:\\x:tag', '\\\\?\\C:\\x', 'tag', 'tag'],
    ['\\\\?\\C:\\x', '\\\\?\\C:\\x', undefined, undefined],
    ['C:/out', 'C:/out', undefined, undefined],
    ['a:b', 'a', 'b', 'b'],
    [`C:/out@${D}`, 'C:/out', D, undefined],
    ['user@host/out:v1', 'user@host/out', 'v1', 'v1'],
    ['user@host:v1', 'user@host', 'v1', 'v1'],
    [`user@host@${D}`, 'user@host', D, undefined],
  ])('%s', (rest, name, ref, tag) => {
    expect(parseLayoutName(rest)).toEqual({ scheme: 'oci', name, ref, tag, text: `oci:${rest}` });
  });

  it.each([
    '',
    ':v1',
    `@${D}`,
    'out:.v1',
    'out:@',
    'out:@x',
    'out:@1x',
    'out:a b',
    `out:${'t'.repeat(1025)}`,
    `out:v1@sha256:${'a'.repeat(63)}`,
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
