import { errnoOf } from '../../util/errno.ts';
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { DOCKER_HUB, isHubHost } from '../../reference/docker-hub.ts';
import { isHostPort } from '../host-name.ts';
import { fileError } from '../files/text.ts';
import { absolutePath, configHome } from '../files/user-folders.ts';
import { systemFolders } from '../files/system-folders.ts';
import { readRegularFileSync } from '../../util/regular-file.ts';

const MAX_PEM_BYTES = 1024 * 1024;

/** The PEM texts that one certificate directory adds to a TLS connection. */
export interface Certificates {
  readonly ca: readonly string[];
  readonly clientCertificates: readonly { readonly cert: string; readonly key: string }[];
  /** Where they were read from; absent if no directory was found. */
  readonly certificateFiles?: CertificateFiles;
}

/** Files of a host in a directory such as `certs.d`. */
export interface CertificateFiles {
  readonly folder: string;
  readonly ca: readonly string[];
  readonly clientCertificates: readonly { readonly cert: string; readonly key: string }[];
}

export const NO_CERTIFICATES: Certificates = { ca: [], clientCertificates: [] };

/**
 * Bases of `<base>/<host[:port]>/`; the first existing directory wins (containers-certs.d(5)). The
 * user's precede the system's: containers', rootless Docker's, Docker Desktop's, then /etc.
 */
export function defaultCertsDirs(
  home: string | undefined,
  xdgConfigHome?: string,
  system: readonly string[] = systemFolders('linux', {}).certsDirs,
): readonly string[] {
  const config = [absolutePath(xdgConfigHome), configHome({}, home)].filter(
    (dir) => dir !== undefined,
  );
  return [
    ...new Set([
      ...config.map((dir) => join(dir, 'containers/certs.d')),
      ...config.map((dir) => join(dir, 'docker/certs.d')),
      ...(home === undefined ? [] : [join(home, '.docker/certs.d')]),
      ...system,
    ]),
  ];
}

/**
 * Reads the directory that the user named: `*.crt` are CAs, `X.cert` with `X.key` is a client
 * certificate.
 * @throws AppError CONFIG_INVALID (missing directory, half a pair, not PEM), IO
 */
export function readCertDir(dir: string): Certificates {
  const names = listFolder(dir);
  if (names === undefined) {
    throw new AppError('CONFIG_INVALID', `the certificate directory ${dir} does not exist`, {
      hint: 'Correct --cert-dir.',
    });
  }
  return readCertificates(dir, names);
}

/** Reads the first existing directory of `host` in `bases`; skips one without permission. */
export function findCertificates(bases: readonly string[], host: string): Certificates {
  if (!isHostPort(host)) return NO_CERTIFICATES;
  for (const dir of bases.flatMap((base) => folderNames(host).map((name) => join(base, name)))) {
    try {
      const names = listFolder(dir);
      if (names !== undefined) return readCertificates(dir, names);
    } catch (error) {
      if (!isDenied(error)) throw error;
    }
  }
  return NO_CERTIFICATES;
}

/**
 * Users know Docker Hub's API host as docker.io, and may have written the default port; Windows
 * does not allow a colon in a directory name.
 */
function folderNames(host: string): readonly string[] {
  const known = isHubHost(host) ? [DOCKER_HUB, host] : [host];
  const names = /:\d+$/u.test(host) ? known : [...known, `${host}:443`];
  return sep === '/' ? names : names.map((name) => name.replaceAll(':', ''));
}

function isDenied(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  return errnoOf(cause) === 'EACCES' || errnoOf(cause) === 'EPERM';
}

/** Sorted names; undefined if the directory does not exist. */
function listFolder(dir: string): readonly string[] | undefined {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw fileError('read', dir, error);
  }
}

function readCertificates(dir: string, names: readonly string[]): Certificates {
  const stems = (suffix: string): readonly string[] =>
    names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
  const [certs, keys] = [stems('.cert'), stems('.key')];
  for (const stem of certs)
    if (!keys.includes(stem)) throw incompletePairError(dir, stem, '.cert', '.key');
  for (const stem of keys)
    if (!certs.includes(stem)) throw incompletePairError(dir, stem, '.key', '.cert');
  const files: CertificateFiles = {
    folder: dir,
    ca: stems('.crt').map((stem) => join(dir, `${stem}.crt`)),
    clientCertificates: certs.map((stem) => ({
      cert: join(dir, `${stem}.cert`),
      key: join(dir, `${stem}.key`),
    })),
  };
  return {
    ca: files.ca.map((path) => readPem(path, 'CERTIFICATE')),
    clientCertificates: files.clientCertificates.map(({ cert, key }) => ({
      cert: readPem(cert, 'CERTIFICATE'),
      key: readPem(key, 'PRIVATE KEY'),
    })),
    certificateFiles: files,
  };
}

function incompletePairError(dir: string, stem: string, has: string, misses: string): AppError {
  const [missing, present] =
    misses === '.key' ? ['key', 'client certificate'] : ['client certificate', 'key'];
  return new AppError(
    'CONFIG_INVALID',
    `missing ${missing} ${stem}${misses} for ${present} ${stem}${has} in ${dir}`,
    { hint: 'Add it next to the other file. CA certificates must have the extension .crt.' },
  );
}

function readPem(path: string, kind: 'CERTIFICATE' | 'PRIVATE KEY'): string {
  let text: string;
  try {
    text = readRegularFileSync(path, MAX_PEM_BYTES, { follow: true }).bytes.toString('utf8');
  } catch (error) {
    throw fileError('read', path, error);
  }
  if (text.includes('-----BEGIN ') && text.includes(`${kind}-----`)) return text;
  throw new AppError('CONFIG_INVALID', `${path} holds no ${kind.toLowerCase()} in PEM form`, {
    hint: 'Convert DER to PEM: openssl x509 -inform der -in FILE -out FILE.crt',
  });
}
