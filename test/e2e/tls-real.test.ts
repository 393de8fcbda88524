import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from '../helpers/authority.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

describeWith(['docker-registry', 'openssl'], 'TLS with a CA of its own', () => {
  let certificates: Certificates;
  let registry: DockerRegistry;
  let machine: Machine;
  beforeAll(async () => {
    certificates = await makeCertificates();
    [registry, machine] = await Promise.all([
      startDockerRegistry({ tls: certificates }),
      newMachine(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([registry, machine, certificates].map((one) => one[Symbol.asyncDispose]()));
  });

  /** Puts a CA where certs.d of `base` has it for the registry, and takes it away again. */
  const withCa = async (base: string, ca: string, use: () => Promise<unknown>): Promise<void> => {
    const folder = join(machine.dir.path, base, registry.host);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca.crt'), ca);
    try {
      await use();
    } finally {
      await rm(join(machine.dir.path, base), { recursive: true });
    }
  };
  const catalog = (): readonly string[] => ['catalog', registry.host];

  it.each([
    'xdg/containers/certs.d',
    'xdg/docker/certs.d',
    'home/.config/containers/certs.d',
    'home/.config/docker/certs.d',
    'home/.docker/certs.d',
  ])('certs.d in %s', (base) => withCa(base, certificates.ca, () => machine.expect(0, catalog())));

  it('SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS, --cert-dir', async () => {
    const folder = machine.dir.join('roots');
    await mkdir(folder);
    await writeFile(join(folder, 'one.crt'), certificates.ca);
    for (const env of [
      { SSL_CERT_FILE: certificates.caFile },
      { SSL_CERT_DIR: `/nonexistent:${folder}` },
      { SSL_CERT_FILE: certificates.caFile, SSL_CERT_DIR: '/nonexistent' },
      { NODE_EXTRA_CA_CERTS: certificates.caFile },
    ]) {
      const done = await machine.expect(0, catalog(), { env });
      expect(done.stderr).toBe('');
    }
    await machine.expect(0, ['--cert-dir', folder, ...catalog()]);
    await machine.expect(0, ['--tls-verify=false', ...catalog()]);
  });

  it('NODE_EXTRA_CA_CERTS is not lost to a CA of the host', async () => {
    await using other = await makeAuthority();
    const env = { NODE_EXTRA_CA_CERTS: certificates.caFile };
    await withCa('xdg/containers/certs.d', other.ca, () => machine.expect(0, catalog(), { env }));
  });

  it('what names no certificate is said, and NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async () => {
    const missing = await machine.expect(1, catalog(), { env: { SSL_CERT_FILE: '/none.pem' } });
    expect(missing.stderr).toContain('SSL_CERT_FILE: /none.pem holds no readable certificate');
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const done = await machine.expect(1, catalog(), { env });
    expect(done.stderr).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0 is not obeyed');
    expect(done.stderr).toContain('authority that this machine does not trust');
  });

  it('the error names the certificate and the file that cures it, in three lines', async () => {
    const done = await machine.expect(1, catalog());
    expect(done.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    expect(done.stderr).toContain('subject CN=localhost; issuer CN=regctl test CA; valid from 20');
    expect(done.stderr).toContain(`/etc/docker/certs.d/${registry.host}/ca.crt`);
    const error = await machine.jsonError(1, catalog());
    expect(error.code).toBe('TLS');
  });

  it('plain HTTP spoken to a TLS port says so', async () => {
    const done = await machine.expect(1, ['--plain-http', ...catalog()]);
    expect(done.stderr).toContain('Remove --plain-http');
  });
});

describeWith(['docker-registry', 'openssl', 'skopeo'], 'mutual TLS', () => {
  let authority: Authority;
  let certificates: Certificates;
  let registry: DockerRegistry;
  let plain: DockerRegistry;
  let machine: Machine;
  let folder: string;
  beforeAll(async () => {
    authority = await makeAuthority();
    certificates = await makeCertificates();
    [registry, plain, machine] = await Promise.all([
      startDockerRegistry({ tls: { ...certificates, clientCaFile: authority.caFile } }),
      startDockerRegistry(),
      newMachine(),
    ]);
    await pushImage(plain.origin, 'app', ['v1'], await makeImage());
    folder = machine.dir.join('xdg', 'containers/certs.d', registry.host);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca.crt'), certificates.ca);
  });
  afterAll(async () => {
    await Promise.all(
      [registry, plain, machine, certificates, authority].map((one) => one[Symbol.asyncDispose]()),
    );
  });

  const show = async (pair: { cert: string; key: string }): Promise<void> => {
    await writeFile(join(folder, 'client.cert'), pair.cert);
    await writeFile(join(folder, 'client.key'), pair.key);
  };

  describe('in this order', () => {
    it('without a certificate it says which files are missing', async () => {
      const done = await machine.expect(1, ['catalog', registry.host]);
      expect(done.stderr).toContain('client certificate');
      expect(done.stderr).toContain('client.cert and client.key');
      expect(done.stderr).toContain(`certs.d/${registry.host}`);
    });

    it('with one the registry does not know, it says that', async () => {
      await using stranger = await makeAuthority();
      await show(stranger.issue({ cn: 'eve', names: [] }));
      const done = await machine.expect(1, ['catalog', registry.host]);
      expect(done.stderr).toContain('a client certificate that it accepts');
    });

    it('with its own it copies, and skopeo reads the same with the same folder', async () => {
      await show(authority.issue({ cn: 'jane', names: [] }));
      const done = await machine.expect(0, [
        'copy',
        `${plain.host}/app:v1`,
        `${registry.host}/app:v1`,
      ]);
      const skopeo = await run(
        'skopeo',
        [
          'inspect',
          '--format',
          '{{.Digest}}',
          '--cert-dir',
          folder,
          `docker://${registry.host}/app:v1`,
        ],
        { env: machine.env },
      );
      expect(skopeo.code, skopeo.stderr).toBe(0);
      expect(done.stdout).toContain(skopeo.stdout.trim());
    });
  });
});
