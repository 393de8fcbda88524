import { describe, expect, it } from 'vitest';
import { homeFolder } from '../../../src/config/files/home.ts';

const unlisted = (): string => {
  throw Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ENOENT' });
};

describe('the home', () => {
  it.each([
    ['an absolute HOME', '/home/ann'],
    ['no HOME', undefined],
    ['an empty HOME', ''],
    ['a relative HOME', 'home'],
    ['the working directory as HOME', '.'],
  ])('with %s', (_what, HOME) => {
    const process = { env: { HOME }, platform: 'linux' } as const;
    const absolute = HOME === '/home/ann';
    expect(homeFolder(process, () => '/var/lib/ann')).toBe(absolute ? HOME : '/var/lib/ann');
    expect(homeFolder(process, unlisted)).toBe(absolute ? HOME : undefined);
    expect(homeFolder(process, () => '')).toBe(absolute ? HOME : undefined);
  });

  it('on Windows is USERPROFILE', () => {
    const env = { HOME: '/msys/ann', USERPROFILE: '/Users/ann' };
    expect(homeFolder({ env, platform: 'win32' }, unlisted)).toBe('/Users/ann');
    expect(homeFolder({ env: { HOME: '/msys/ann' }, platform: 'win32' }, unlisted)).toBeUndefined();
  });
});
