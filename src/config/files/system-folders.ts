import { win32 } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the system's own settings are. */
export interface SystemFolders {
  /** Bases of `<base>/<host[:port]>/`. */
  readonly certsDirs: readonly string[];
  /** Directory of `registries.conf`; `undefined`: there is none. */
  readonly containers: string | undefined;
  /** Certificate bundles; the first that exists counts. None: the system's store has them. */
  readonly bundles: readonly string[];
}

const POSIX: SystemFolders = {
  certsDirs: ['/etc/containers/certs.d', '/etc/docker/certs.d'],
  containers: '/etc/containers',
  // Where the distributions keep the bundle (Go crypto/x509 root_linux.go and root_bsd.go).
  bundles: [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/pki/tls/cacert.pem',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    '/etc/ssl/cert.pem',
    '/usr/local/share/certs/ca-root-nss.crt',
  ],
};

/**
 * `os`: Node's name of the system. On Windows "/etc/ssl/cert.pem" is on the current drive, in a
 * directory that any user may create. Only `%ProgramData%\docker` is read there.
 */
export function systemFolders(os: string, env: Env): SystemFolders {
  if (os !== 'win32') return POSIX;
  const data = env['ProgramData'] ?? env['PROGRAMDATA'] ?? '';
  const isFull = /^[A-Za-z]:[\\/]/u.test(data);
  return {
    certsDirs: isFull ? [win32.join(data, 'docker', 'certs.d')] : [],
    containers: undefined,
    bundles: [],
  };
}
