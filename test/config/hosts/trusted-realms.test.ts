import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  loadTrustedRealms,
  trustedRealmsPath,
  trustRealm,
} from '../../../src/config/hosts/trusted-realms.ts';

describe('known realms', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'regctl-realms-'));
    path = trustedRealmsPath({ XDG_CONFIG_HOME: folder }, '/home/u') ?? '';
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('live below XDG_CONFIG_HOME when that is absolute', () => {
    expect(path).toBe(join(folder, 'regctl/known-realms.json'));
    expect(trustedRealmsPath({ XDG_CONFIG_HOME: 'rel' }, '/home/u')).toBe(
      '/home/u/.config/regctl/known-realms.json',
    );
    expect(trustedRealmsPath({ XDG_CONFIG_HOME: 'rel' }, undefined)).toBeUndefined();
  });

  it('are none without a file', async () => {
    expect((await loadTrustedRealms(path)).size).toBe(0);
  });

  it('are remembered once each, privately, whoever adds at the same time', async () => {
    const hosts = Array.from({ length: 8 }, (_item, index) => `auth${index}.example`);
    await Promise.all([...hosts, ...hosts].map((host) => trustRealm(path, 'r.example:5000', host)));
    await trustRealm(path, '__proto__', 'a.example');
    const known = await loadTrustedRealms(path);
    expect([...(known.get('r.example:5000') ?? [])].sort()).toEqual(hosts);
    expect([...(known.get('__proto__') ?? [])]).toEqual(['a.example']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'regctl'))).mode & 0o777).toBe(0o700);
  });

  it.each(['{', '{"realms": []}', '{"realms": {"a": "b"}}', '{"realms": {"a": [1]}}'])(
    'are refused, and left alone, when the file is %s',
    async (text) => {
      await trustRealm(path, 'a', 'b');
      await writeFile(path, text);
      const invalid = {
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(path) as string,
      };
      await expect(loadTrustedRealms(path)).rejects.toMatchObject(invalid);
      await expect(trustRealm(path, 'a', 'c')).rejects.toMatchObject(invalid);
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );
});
