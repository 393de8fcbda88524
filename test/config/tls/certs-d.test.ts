import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { defaultCertsDirs, findCertificates } from '../../../src/config/tls/certs-d.ts';
import { createTrustRoots, distinctCertificates } from '../../../src/config/tls/roots.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

const CERT = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
const OTHER = '-----BEGIN CERTIFICATE-----\r\nBB==\r\n-----END CERTIFICATE-----\r\n';

describe('certs.d', () => {
  it("looks at the user's folders before the machine's, containers' before Docker's", () => {
    expect(defaultCertsDirs('/h', '/x')).toEqual([
      '/x/containers/certs.d',
      '/h/.config/containers/certs.d',
      '/x/docker/certs.d',
      '/h/.config/docker/certs.d',
      '/h/.docker/certs.d',
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ]);
    for (const invalid of ['', 'relative']) {
      expect(defaultCertsDirs('/h', invalid)).toEqual(defaultCertsDirs('/h', '/h/.config'));
      expect(defaultCertsDirs(undefined, invalid)).toEqual([
        '/etc/containers/certs.d',
        '/etc/docker/certs.d',
      ]);
    }
  });

  const put = async (dir: TempDir, folder: string): Promise<void> => {
    await mkdir(dir.join(folder), { recursive: true });
    await writeFile(dir.join(folder, 'ca.crt'), CERT);
  };

  it.each([
    ['r.io', 'a/r.io', 'found'],
    ['r.io', 'b/r.io', 'found'],
    ['r.io', 'a/r.io:443', 'found'],
    ['r.io:5000', 'a/r.io:5000', 'found'],
    ['r.io:5000', 'a/r.io', 'not'],
    ['r.io', 'a/r.io:5000', 'not'],
    ['[::1]:5000', 'a/[::1]:5000', 'found'],
    ['registry-1.docker.io', 'a/docker.io', 'found'],
    ['x.r.io', 'a/r.io', 'not'],
    ['..', 'x', 'not'],
  ])('%s with %s: %s', async (host, folder, expected) => {
    await using dir = await tempDir();
    await put(dir, folder);
    const { ca, certificateFiles } = findCertificates([dir.join('a'), dir.join('b')], host);
    expect(ca).toEqual(expected === 'found' ? [CERT] : []);
    expect(certificateFiles?.ca).toEqual(
      expected === 'found' ? [dir.join(folder, 'ca.crt')] : undefined,
    );
  });

  it('takes the first folder alone, even an empty one', async () => {
    await using dir = await tempDir();
    await put(dir, 'b/r.io');
    await mkdir(dir.join('a/r.io'), { recursive: true });
    expect(findCertificates([dir.join('a'), dir.join('b')], 'r.io').ca).toEqual([]);
  });
});

describe('roots of the machine', () => {
  it('SSL_CERT_FILE and SSL_CERT_DIR together are all there is, each certificate once', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('d'));
    await writeFile(dir.join('f.pem'), CERT);
    await writeFile(dir.join('d/1.pem'), OTHER);
    await writeFile(dir.join('d/2.0'), OTHER);
    await writeFile(dir.join('d/readme'), 'no certificate');
    const warned: string[] = [];
    const env = { SSL_CERT_FILE: dir.join('f.pem'), SSL_CERT_DIR: `/none:${dir.join('d')}` };
    const roots = createTrustRoots(env, (text) => void warned.push(text));
    expect(roots.exclusive).toBe(true);
    expect(roots.load().map(({ path, origin }) => [path, origin])).toEqual([
      [dir.join('f.pem'), 'SSL_CERT_FILE'],
      [dir.join('d/1.pem'), 'SSL_CERT_DIR'],
    ]);
    expect(distinctCertificates(roots.load().map(({ pem }) => pem))).toHaveLength(2);
    expect(warned).toEqual([]);
  });

  it('one of them alone leaves the rest in force; what holds nothing is warned about, once', () => {
    const warned: string[] = [];
    const env = { SSL_CERT_FILE: '/none.pem', NODE_EXTRA_CA_CERTS: '/nor/this' };
    const roots = createTrustRoots(env, (text) => void warned.push(text));
    expect(roots.exclusive).toBe(false);
    roots.load();
    roots.load();
    expect(warned).toEqual([
      'NODE_EXTRA_CA_CERTS: /nor/this holds no readable certificate',
      'SSL_CERT_FILE: /none.pem holds no readable certificate',
    ]);
  });
});
