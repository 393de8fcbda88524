import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Env } from '../proxies/rules.ts';
import { readRegularFileSync } from '../../util/regular-file.ts';

/** More than any bundle of certificates has. */
const MAX_PEM_BYTES = 16 * 1024 * 1024;

/** A file of the machine that names trusted authorities. */
export interface RootFile {
  readonly path: string;
  /** What named it: "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "the system". */
  readonly origin: string;
  readonly pem: string;
}

export interface TrustRoots {
  /** Only the files below are trusted, and what certs.d adds for a host: no built-in authority. */
  readonly exclusive: boolean;
  /** Read when first called; files that cannot be read are left out and warned about. */
  load(): readonly RootFile[];
}

/** Where the distributions keep the bundle (Go crypto/x509 root_linux.go and root_bsd.go). */
const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
];

/**
 * The authorities of this machine beyond those built into Node. As in Go, SSL_CERT_FILE stands in
 * for the system's bundle and SSL_CERT_DIR for its folders; the bundle is in both, so that only the
 * two together leave nothing of the system's. NODE_EXTRA_CA_CERTS always adds.
 */
export function createTrustRoots(env: Env, warn: (text: string) => void): TrustRoots {
  const file = env['SSL_CERT_FILE'] ?? '';
  const dirs = (env['SSL_CERT_DIR'] ?? '').split(delimiter).filter((dir) => dir !== '');
  const extra = env['NODE_EXTRA_CA_CERTS'] ?? '';
  const exclusive = file !== '' && dirs.length > 0;
  let loaded: readonly RootFile[] | undefined;

  const named = (path: string, origin: string): readonly RootFile[] => {
    if (path === '') return [];
    const found = readPems(path, origin);
    if (found.length === 0) warn(`${origin}: ${path} holds no readable certificate`);
    return found;
  };
  const load = (): readonly RootFile[] => [
    ...named(extra, 'NODE_EXTRA_CA_CERTS'),
    ...named(file, 'SSL_CERT_FILE'),
    ...dirs.flatMap((dir) => readFolder(dir)),
    ...(exclusive ? [] : readSystemBundle()),
  ];
  return {
    exclusive,
    load() {
      loaded ??= load();
      return loaded;
    },
  };
}

function readSystemBundle(): readonly RootFile[] {
  for (const path of SYSTEM_BUNDLES) {
    const found = readPems(path, 'the system');
    if (found.length > 0) return found;
  }
  return [];
}

/** Every file with a certificate; c_rehash links to one file are one file. */
function readFolder(dir: string): readonly RootFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(dir).sort();
  } catch {
    return [];
  }
  const seen = new Set<string>();
  return names
    .flatMap((name) => readPems(join(dir, name), 'SSL_CERT_DIR'))
    .filter(({ pem }) => !seen.has(pem) && seen.add(pem));
}

function readPems(path: string, origin: string): readonly RootFile[] {
  try {
    const pem = readRegularFileSync(path, MAX_PEM_BYTES, { follow: true }).bytes.toString('utf8');
    return pem.includes('-----BEGIN CERTIFICATE-----') ? [{ path, origin, pem }] : [];
  } catch {
    return [];
  }
}

/** The certificates of PEM texts, each once. */
export function distinctCertificates(pems: readonly string[]): string[] {
  const found = new Set<string>();
  for (const pem of pems) {
    for (const [one] of pem.matchAll(
      /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/gu,
    )) {
      found.add(one.replaceAll('\r', '').trim());
    }
  }
  return [...found];
}
