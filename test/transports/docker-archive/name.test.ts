import { describe, expect, it } from 'vitest';
import { fullName, parseDockerArchiveName } from '../../../src/transports/docker-archive/name.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('docker-archive: names', () => {
  it.each([
    ['a.tar', 'a.tar', undefined],
    ['-', '-', undefined],
    ['-:app', '-', 'app:latest'],
    ['/x/a.tar:docker.io/library/app:v1', '/x/a.tar', 'app:v1'],
    ['a.tar:localhost:5000/app:v1', 'a.tar', 'localhost:5000/app:v1'],
    ['C:\\a.tar:app:v1', 'C:\\a.tar', 'app:v1'],
    ['a.tar:@3', 'a.tar', '@3'],
  ])('%s', (rest, name, ref) => {
    expect(parseDockerArchiveName(rest)).toMatchObject({ name, ref });
  });

  it.each([
    '',
    ':app',
    '//host/app',
    'a.tar:@x',
    'a.tar:',
    'a.tar:UPPER',
    `a:b@sha256:${'a'.repeat(64)}`,
  ])('"%s" is none', (rest) => {
    expect(thrown(() => parseDockerArchiveName(rest)).exitStatus).toBe(64);
  });

  it('gives a tag alone the repository beside it', () => {
    expect(fullName('v2', 'ghcr.io/o/app:v1')).toBe('ghcr.io/o/app:v2');
    expect(fullName('app:v2', 'ghcr.io/o/app:v1')).toBe('docker.io/library/app:v2');
    expect(fullName('A B')).toBeUndefined();
  });
});
