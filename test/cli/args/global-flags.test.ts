import { describe, expect, it } from 'vitest';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { parseDuration } from '../../../src/cli/args/duration.ts';
import { parseGlobalFlags } from '../../../src/cli/args/global-flags.ts';
import { createSecretGuard, rejectSharedSecrets } from '../../../src/cli/secrets.ts';
import { emptyRegistries } from '../../../src/config/containers/registries.ts';
import { parseReference } from '../../../src/reference/parse.ts';
import { locate } from '../../../src/transports/locate.ts';

const host = { platform: 'linux', arch: 'x64' };
const parse = (values: Parameters<typeof parseGlobalFlags>[0]) => parseGlobalFlags(values, host);

describe('global flags', () => {
  it('have defaults', () => {
    expect(parse({})).toMatchObject({
      concurrency: 6,
      retryTimes: 5,
      output: undefined,
      progress: 'auto',
      timeoutMs: undefined,
      hostPlatform: { os: 'linux', architecture: 'amd64' },
    });
  });

  it('take `--format json` for `-o json`, as docker spells it, and refuse two forms', () => {
    expect(parse({ format: 'json' })).toMatchObject({ output: 'json', format: undefined });
    expect(() => parse({ format: '{{.A}}', output: 'json' })).toThrow(/cannot be used together/);
  });

  it('join several --platform and lay --override-… over the host', () => {
    expect(parse({ platform: ['linux/amd64', 'linux/arm64'] }).platform).toBe(
      'linux/amd64,linux/arm64',
    );
    expect(parse({ overrideArch: 'arm64' }).hostPlatform).toEqual({
      os: 'linux',
      architecture: 'arm64',
    });
  });

  it.each([
    [{ overrideArch: 'aarch64' }, 'linux/arm64'],
    [{ overrideOs: 'windows' }, 'windows/amd64'],
    [{ overrideArch: 'arm', overrideVariant: '6' }, 'linux/arm/v6'],
    [{ overrideVariant: 'v3' }, 'linux/amd64/v3'],
  ])('ask for a platform by --override-…: %j is %s', (values, name) => {
    const { override } = parse(values);
    expect(override && formatPlatform(override)).toBe(name);
  });

  it('take --platform or --override-…, and only what is a platform', () => {
    expect(parse({}).override).toBeUndefined();
    expect(() => parse({ overrideArch: 'arm64', platform: ['linux/amd64'] })).toThrow(
      /contradict/u,
    );
    expect(() => parse({ overrideArch: 'a b' })).toThrow(/invalid platform/u);
  });

  it('refuse no transfers at all', () => {
    expect(() => parse({ concurrency: 0 })).toThrow('--concurrency must be at least 1');
    expect(() => parse({ minSpeed: -1 })).toThrow('--min-speed must be at least 0');
    expect(parse({ minSpeed: 0 }).minSpeed).toBe(0);
  });

  it('take limits on the wait for an answer, and for more of it', () => {
    const { headerTimeoutMs, idleTimeoutMs } = parse({ headerTimeout: '2m', idleTimeout: '90' });
    expect([headerTimeoutMs, idleTimeoutMs]).toEqual([120_000, 90_000]);
    expect(() => parse({ idleTimeout: '0' })).toThrow('--idle-timeout');
  });

  it('take a User-Agent that can be sent', () => {
    expect(parse({}).userAgent).toBeUndefined();
    expect(parse({ userAgent: 'ci/1 (team a)' }).userAgent).toBe('ci/1 (team a)');
    for (const userAgent of ['', ' a', 'a\r\nb: c', 'ä'])
      expect(() => parse({ userAgent })).toThrow('--user-agent takes printable ASCII');
  });

  it('a side that speaks of credentials takes none of the plain ones', () => {
    const { sides } = parse({
      creds: 'a:b',
      certDir: '/c',
      destNoCreds: true,
      srcRegistryToken: 't',
    });
    expect(sides.dest).toMatchObject({ creds: undefined, noCreds: true, certDir: '/c' });
    expect(sides.src).toMatchObject({ creds: undefined, registryToken: 't', noCreds: false });
  });

  it('a plain secret never goes to two registries', () => {
    const context = {
      locate,
      reference: parseReference,
      registries: () => emptyRegistries([]),
    };
    const check = (values: Parameters<typeof parse>[0], ...args: string[]): void =>
      rejectSharedSecrets(parse(values), args, context);
    expect(() => check({ creds: 'a:b' }, 'ghcr.io/a/b', 'quay.io/a/b')).toThrow(
      '--creds would go to ghcr.io and to quay.io',
    );
    expect(() => check({ creds: 'a:b' }, 'ghcr.io/a/b', 'ghcr.io/c/d')).not.toThrow();
    expect(() => check({ creds: 'a:b' }, 'oci:./out', 'ghcr.io/c/d')).not.toThrow();
    expect(() => check({ srcCreds: 'a:b' }, 'ghcr.io/a/b', 'quay.io/a/b')).not.toThrow();
  });

  it('a secret never goes to a second registry, however that was named', () => {
    const names = { reference: parseReference, registries: () => emptyRegistries([]) };
    const open = (
      values: Parameters<typeof parse>[0],
      ...opened: readonly (readonly ['single' | 'src' | 'dest', string])[]
    ): void => {
      const guard = createSecretGuard(parse(values), names);
      for (const [side, image] of opened) guard(locate(image), side);
    };
    const [ghcr, quay] = ['ghcr.io/a/b', 'quay.io/a/b'];
    expect(() => open({ creds: 'a:b' }, ['src', ghcr], ['dest', quay])).toThrow(
      '--creds would go to ghcr.io and to quay.io',
    );
    expect(() => open({ srcCreds: 'a:b' }, ['src', ghcr], ['src', quay])).toThrow(
      '--src-creds would go to ghcr.io and to quay.io',
    );
    expect(() => open({ creds: 'a:b' }, ['src', ghcr], ['dest', 'ghcr.io/c'])).not.toThrow();
    expect(() => open({ creds: 'a:b' }, ['single', ghcr], ['single', quay])).toThrow(
      '--creds would go to',
    );
    const both = { srcCreds: 'a:b', destCreds: 'a:b' };
    expect(() => open(both, ['src', ghcr], ['dest', quay], ['src', 'oci:x'])).not.toThrow();
    expect(() => open({}, ['src', ghcr], ['src', quay])).not.toThrow();
  });
});

describe('durations', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['10', 10_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text, '--x')).toBe(ms);
  });

  it.each(['', '0s', '-1s', 's', '5 m', '5x', '99999d', '1m!'])('%j is none', (text) => {
    expect(() => parseDuration(text, '--x')).toThrow(/^--x takes a duration, not /);
  });
});
