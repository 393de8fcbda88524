import { describe, expect, it } from 'vitest';
import {
  choosePlatforms,
  formatPlatform,
  hostPlatform,
  matchesPlatform,
  parsePlatform,
  parsePlatforms,
} from '../../src/oci/platform.ts';
import { thrown } from '../helpers/thrown.ts';

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['linux/constructor', 'linux/constructor'],
    ['windows/amd64:10.0.20348.2582', 'windows/amd64:10.0.20348.2582'],
    ['windows(10.0.20348)/amd64', 'windows/amd64:10.0.20348'],
    ['windows/amd64,osver=10.0.20348', 'windows/amd64:10.0.20348'],
    ['linux/arm/v6:1', 'linux/arm/v6:1'],
  ])('%s → %s', (text, normal) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normal);
  });

  it.each([
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/amd64/',
    'a/b/c/d',
    'linux/am d',
    'linux/\u001b',
    'windows(1)/amd64:2',
    'windows/amd64:',
    'windows/amd64,osver=',
    'linux/amd64,windows/amd64',
  ])('refuses %j', (text) => {
    const error = thrown(() => parsePlatform(text));
    expect(error.code).toBe('INVALID_PLATFORM');
    expect(error.message).not.toContain('\u001b');
  });
});

describe('matchesPlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'windows/amd64', false],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm', 'linux/arm/v6', true],
    ['linux/arm/v7', 'linux/arm/v6', false],
    ['linux/arm/v7', 'linux/arm', true],
    ['linux/arm/v6', 'linux/arm', false],
    ['linux/amd64/v2', 'linux/amd64', false],
    ['windows/amd64', 'windows/amd64:10.0.20348.2582', true],
    ['windows/amd64:10.0.20348', 'windows/amd64:10.0.20348.2582', true],
    ['windows/amd64:10.0.2', 'windows/amd64:10.0.20348.2582', false],
    ['windows/amd64:10.0.20348.2582', 'windows/amd64', false],
  ])('%s is served by %s: %s', (wanted, candidate, expected) => {
    expect(matchesPlatform(parsePlatform(wanted), parsePlatform(candidate))).toBe(expected);
  });
});

describe('choosePlatforms', () => {
  const index = (...names: readonly string[]) =>
    names.map((name) => ({ platform: parsePlatform(name) }));

  it.each([
    ['linux/arm', ['linux/arm/v6', 'linux/arm/v7', 'linux/arm/v5'], 'linux/arm/v7'],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64'], 'linux/arm/v6'],
    ['linux/arm/v6', ['linux/arm/v7', 'linux/arm'], undefined],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v4'], 'linux/amd64'],
    ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
    ['linux/arm64/v9', ['linux/arm64', 'linux/arm/v7'], 'linux/arm64'],
    ['linux/ppc64le/power9', ['linux/ppc64le/power8'], undefined],
    ['linux/arm/v7', ['windows/arm/v6'], undefined],
    ['windows/amd64:10.0.1', ['windows/amd64:10.0.2'], undefined],
  ])('%s of %j: %s', (wanted, names, expected) => {
    const [best] = choosePlatforms(index(...names), parsePlatform(wanted));
    expect(best && formatPlatform(best.platform)).toBe(expected);
  });
});

describe('parsePlatforms', () => {
  it.each([
    ['linux/amd64, linux/arm64', ['linux/amd64', 'linux/arm64']],
    ['windows/amd64,osver=10.0.1,linux/amd64', ['windows/amd64:10.0.1', 'linux/amd64']],
    ['linux/amd64,', ['linux/amd64']],
    ['linux/arm64,linux/aarch64,linux/amd64', ['linux/arm64', 'linux/amd64']],
  ])('%s', (text, names) => {
    expect(parsePlatforms(text).map(formatPlatform)).toEqual(names);
  });

  it.each(['', ',', 'linux/amd64,nonsense'])('refuses %j', (text) => {
    expect(thrown(() => parsePlatforms(text)).code).toBe('INVALID_PLATFORM');
  });
});

describe('hostPlatform', () => {
  it.each([
    ['linux', 'x64', 'linux/amd64'],
    ['darwin', 'arm64', 'linux/arm64'],
    ['win32', 'ia32', 'windows/386'],
  ])('%s %s runs %s', (platform, arch, expected) => {
    expect(formatPlatform(hostPlatform({ platform, arch }))).toBe(expected);
  });
});
