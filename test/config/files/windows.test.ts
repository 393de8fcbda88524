import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultCertsDirs } from '../../../src/config/tls/certs-d.ts';
import { createTrustRoots } from '../../../src/config/tls/roots.ts';
import { systemFolders } from '../../../src/config/files/system-folders.ts';
import { commandLineOf } from '../../../src/credentials/helpers/process.ts';
import { candidatesOf } from '../../../src/util/process/find-program.ts';
import { decodePart, diskPaths, encodePart } from '../../../src/server/storage/disk-paths.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { patiently } from '../../../src/util/atomic-file.ts';

const name = (text: string): RepositoryName => text as RepositoryName;
const failed = (code: string): Error => Object.assign(new Error(code), { code });

describe('Windows', () => {
  it('has no POSIX paths, which any user could make on the current drive', () => {
    const env = { ProgramData: 'C:\\ProgramData' };
    const { certsDirs, containers, bundles } = systemFolders('win32', env);
    expect(certsDirs).toEqual(['C:\\ProgramData\\docker\\certs.d']);
    expect([containers, bundles]).toEqual([undefined, []]);
    expect(systemFolders('win32', {}).certsDirs).toEqual([]);
    expect(systemFolders('win32', { ProgramData: '\\evil' }).certsDirs).toEqual([]);
    expect(defaultCertsDirs('C:\\h', undefined, certsDirs).join()).not.toContain('/etc');
    expect(systemFolders('linux', env).certsDirs).toContain('/etc/docker/certs.d');
  });

  it('trusts what the store of the system has', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----';
    const roots = createTrustRoots({}, () => undefined, { os: 'win32', systemStore: () => [pem] });
    expect(roots.load()).toEqual([{ path: 'the store of the system', origin: 'the system', pem }]);
    const none = createTrustRoots({}, () => undefined, { os: 'win32', systemStore: () => [] });
    expect(none.load()).toEqual([]);
  });

  it('finds helpers that are programs and scripts, in directories of PATH only', () => {
    const env = { Path: 'C:\\bin;.;bin;D:\\tools' };
    expect(candidatesOf('docker-credential-x', env, 'win32')).toEqual([
      'C:\\bin\\docker-credential-x.exe',
      'C:\\bin\\docker-credential-x.cmd',
      'C:\\bin\\docker-credential-x.bat',
      'D:\\tools\\docker-credential-x.exe',
      'D:\\tools\\docker-credential-x.cmd',
      'D:\\tools\\docker-credential-x.bat',
    ]);
    expect(candidatesOf('x', { PATH: '/bin::b:/usr/bin' }, 'linux')).toEqual([
      '/bin/x',
      '/usr/bin/x',
    ]);
  });

  it('runs scripts in its own shell, their path quoted as a whole', () => {
    const windows = { os: 'win32', env: { SystemRoot: 'C:\\Windows' } };
    expect(commandLineOf(['C:\\a & b\\h.cmd', []], 'get', windows)).toEqual({
      file: 'C:\\Windows\\System32\\cmd.exe',
      args: ['/d', '/s', '/c', '""C:\\a & b\\h.cmd" get"'],
      verbatim: true,
    });
    for (const path of ['C:\\%PATH%\\h.cmd', 'C:\\a^b\\h.bat', 'C:\\a!b\\h.CMD', 'C:\\a"b\\h.cmd'])
      expect(commandLineOf([path, []], 'get', windows), path).toBeUndefined();
    const exe = { file: 'C:\\h.exe', args: ['get'], verbatim: false };
    expect(commandLineOf(['C:\\h.exe', []], 'get', windows)).toEqual(exe);
    const script = { file: '/bin/h.cmd', args: ['get'], verbatim: false };
    expect(commandLineOf(['/bin/h.cmd', []], 'get', { os: 'linux', env: {} })).toEqual(script);
  });

  it.each(['EPERM', 'EACCES', 'EBUSY'])('holds files for a moment: %s', async (code) => {
    const waits: number[] = [];
    const wait = async (ms: number): Promise<void> => void waits.push(ms);
    let left = 5;
    const step = async (): Promise<string> => {
      if ((left -= 1) > 0) throw failed(code);
      return 'done';
    };
    expect(await patiently(step, { patient: true, wait })).toBe('done');
    expect(waits).toEqual([10, 20, 40, 80]);
    waits.length = 0;
    const held = patiently(() => Promise.reject(failed(code)), { patient: true, wait });
    await expect(held).rejects.toThrow(code);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(2000);
    waits.length = 0;
    const other = patiently(() => Promise.reject(failed('ENOSPC')), { patient: true, wait });
    await expect(other).rejects.toThrow('ENOSPC');
    // Elsewhere it is an answer.
    const plain = patiently(() => Promise.reject(failed(code)), { patient: false, wait });
    await expect(plain).rejects.toThrow(code);
    expect(waits).toEqual([]);
  });

  it('reserves names, which repositories have all the same', async () => {
    for (const part of ['aux', 'con', 'nul', 'prn', 'com1', 'lpt9', 'nul.x', 'con.tar.gz']) {
      expect(encodePart(part)).toBe(`~${part}`);
      expect(decodePart(encodePart(part))).toBe(part);
    }
    for (const part of ['auxx', 'console', 'com10', 'a.con', 'lpt'])
      expect(encodePart(part)).toBe(part);
    const root = await mkdtemp(join(tmpdir(), 'regctl-names-'));
    try {
      const paths = diskPaths(root);
      expect(paths.repository(name('o/nul'))).toBe(join(root, 'repositories', 'o', '~nul'));
      const storage = createDiskStorage(root);
      expect(await storage.repositories()).toEqual([]);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
