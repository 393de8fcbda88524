import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/commands/doctor/target.ts';
import { fakeContext } from '../fake-context.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('parseTarget', () => {
  it.each([
    ['ghcr.io', 'ghcr.io', undefined],
    ['localhost:5000', 'localhost:5000', undefined],
    ['localhost', 'localhost', undefined],
    ['https://index.docker.io/v1/', 'docker.io', undefined],
    ['docker.io/', 'docker.io', undefined],
    ['[::1]:5000/v2/', '[::1]:5000', undefined],
    ['ghcr.io/o/a:1', 'ghcr.io', 'o/a'],
    ['docker://quay.io/a/b', 'quay.io', 'a/b'],
    ['busybox', 'docker.io', 'library/busybox'],
    ['user/app', 'docker.io', 'user/app'],
  ])('%s', (text, registry, repository) => {
    expect(parseTarget(text, fakeContext())).toEqual({ registry, repository });
  });

  it.each(['', 'bad host', 'ann:pw@r.example', 'r.example/A B', 'https://r.example/a/b'])(
    'refuses %j',
    (text) => {
      const error = thrown(() => parseTarget(text, fakeContext()));
      expect(error.code).toBe('INVALID_REFERENCE');
      expect(error.message).not.toContain('pw');
    },
  );
});
