import { readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { systemFolders } from '../files/system-folders.ts';
import type { Env } from '../proxies/rules.ts';
import { readRegularFileSync } from '../../util/regular-file.ts';

/** More than any certificate bundle needs. */
const MAX_PEM_BYTES = 16 * 1024 * 1024;

/** A file of this system with trusted authorities. */
export interface RootFile {
  readonly path: string;
  /** What named it: "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "the system". */
  readonly origin: string;
  readonly pem: string;
}

export interface TrustRootsOptions {
  /** Node's name of the system. Default: this one. */
  readonly os?: string | undefined;
  /** Reads the PEM texts of the system's own store. Default: Node reads it. */
  readonly systemStore?: (() => readonly string[]) | undefined;
}

/** The certificate authorities that are trusted. */
export interface TrustRoots {
  /** True: only the files below and certs.d are trusted, no built-in authority. */
  readonly exclusive: boolean;
  /** Reads the files once. Unreadable files are skipped with a warning. */
  load(): readonly RootFile[];
}

/**
 * The authorities of this system in addition to Node's built-in ones. As in Go, SSL_CERT_FILE
 * replaces the system's bundle and SSL_CERT_DIR its directories. Both hold the same authorities, so
 * only both variables together exclude the system's. NODE_EXTRA_CA_CERTS always adds.
 */
export function createTrustRoots(
  env: Env,
  warn: (text: string) => void,
  { os = platform(), systemStore = storeOf(os) }: TrustRootsOptions = {},
): TrustRoots {
  const delimiter = os === 'win32' ? ';' : ':';
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
    ...(exclusive ? [] : readSystem(systemFolders(os, env).bundles, systemStore)),
  ];
  return {
    exclusive,
    load() {
      loaded ??= load();
      return loaded;
    },
  };
}

/** Reads the first bundle that exists, else the system's store. */
function readSystem(
  bundles: readonly string[],
  systemStore: () => readonly string[],
): readonly RootFile[] {
  for (const path of bundles) {
    const found = readPems(path, 'the system');
    if (found.length > 0) return found;
  }
  const stored = systemStore();
  return stored.length === 0
    ? []
    : [{ path: 'the store of the system', origin: 'the system', pem: stored.join('\n') }];
}

/** Linux keeps its authorities in files. */
function storeOf(os: string): () => readonly string[] {
  const hasStore = os === 'win32' || os === 'darwin';
  return () => (hasStore && os === platform() ? tls.getCACertificates('system') : []);
}

/** Reads every file with a certificate; copies, such as links of c_rehash, count once. */
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
