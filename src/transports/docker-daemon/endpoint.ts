import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { dockerConfigPath, loadDockerConfig } from '../../config/docker/config-json.ts';
import { isJsonObject, parseJsonFile, type JsonValue } from '../../config/files/json.ts';
import { readTextFile } from '../../config/files/text.ts';
import { AppError } from '../../errors/app-error.ts';
import type { EngineContext } from '../types.ts';

/** Where a daemon listens, and which setting named that address. */
export interface DaemonEndpoint {
  /** "unix:///var/run/docker.sock", "tcp://host:2376", "ssh://user@host". */
  readonly address: string;
  /** For messages: "DOCKER_HOST", "the context desktop". */
  readonly origin: string;
  /** If present, TCP connections use TLS. */
  readonly tls?: DaemonTls | undefined;
}

export interface DaemonTls {
  readonly verify: boolean;
  /** CA certificates in PEM. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

const UNIX_SOCKET = 'unix:///var/run/docker.sock';
const NAMED_PIPE = 'npipe:////./pipe/docker_engine';

/**
 * Finds the daemon that Docker's own client uses: `--daemon-host`, `DOCKER_HOST`, `DOCKER_CONTEXT`,
 * the current context of config.json, else the system default (docker/cli cli/command/cli.go,
 * resolveContextName).
 * @throws AppError CONFIG_INVALID for a context that does not exist
 */
export async function findDaemon(engines: EngineContext): Promise<DaemonEndpoint> {
  const { env, os, daemonHost } = engines;
  if (daemonHost !== undefined) return named(engines, daemonHost, '--daemon-host');
  const host = env['DOCKER_HOST'] ?? '';
  if (host !== '') return named(engines, host, 'DOCKER_HOST');
  const context = await contextName(engines);
  if (context !== undefined) return ofContext(engines, context);
  return { address: os === 'win32' ? NAMED_PIPE : UNIX_SOCKET, origin: 'the default' };
}

async function named(
  engines: EngineContext,
  address: string,
  origin: string,
): Promise<DaemonEndpoint> {
  const isTcp = /^(?:tcp|https?):/u.test(address);
  return { address, origin, tls: isTcp ? await tlsOf(engines, address) : undefined };
}

/** As in Docker, any value of DOCKER_TLS_VERIFY enables verification; DOCKER_TLS does not. */
async function tlsOf(engines: EngineContext, address: string): Promise<DaemonTls | undefined> {
  const { env, certDir, tlsVerify } = engines;
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const asked = isSet('DOCKER_TLS_VERIFY') || isSet('DOCKER_TLS') || certDir !== undefined;
  if (address.startsWith('http:') || !(asked || address.startsWith('https:'))) return undefined;
  const own = env['DOCKER_CERT_PATH'] ?? '';
  const folder = certDir ?? (own === '' ? dockerFolder(engines) : own);
  const verify = tlsVerify ?? !(isSet('DOCKER_TLS') && !isSet('DOCKER_TLS_VERIFY'));
  return { verify, ...(folder === undefined ? {} : await readCertificates(engines, folder)) };
}

async function contextName(engines: EngineContext): Promise<string | undefined> {
  const fromEnv = engines.env['DOCKER_CONTEXT'] ?? '';
  const name = fromEnv === '' ? await currentContext(engines) : fromEnv;
  return name === 'default' || name === '' ? undefined : name;
}

async function currentContext(engines: EngineContext): Promise<string | undefined> {
  const path = dockerConfigPath(engines);
  if (path === undefined) return undefined;
  const { raw } = await loadDockerConfig(path, { warn: () => undefined });
  const current = raw['currentContext'];
  return typeof current === 'string' ? current : undefined;
}

/** Reads a context, stored under the SHA-256 of its name (docker/cli cli/context/store). */
async function ofContext(engines: EngineContext, name: string): Promise<DaemonEndpoint> {
  const folder = dockerFolder(engines);
  const id = createHash('sha256').update(name).digest('hex');
  const path = folder === undefined ? undefined : join(folder, 'contexts', 'meta', id, 'meta.json');
  const file = path === undefined ? undefined : await readTextFile(path);
  if (file === undefined || path === undefined || folder === undefined) throw noContext(name);
  const endpoint = memberAt(parseJsonFile(file.text, path), 'Endpoints', 'docker');
  const address = memberAt(endpoint, 'Host');
  if (typeof address !== 'string' || address === '')
    throw new AppError(
      'CONFIG_INVALID',
      `cannot use the Docker context "${name}": it has no Host`,
      {
        hint: `Correct ${path}, or name the daemon: --daemon-host unix:///var/run/docker.sock`,
      },
    );
  const tls = await readCertificates(engines, join(folder, 'contexts', 'tls', id, 'docker'));
  const isTls = address.startsWith('tcp:') && Object.keys(tls).length > 0;
  const verify = engines.tlsVerify ?? memberAt(endpoint, 'SkipTLSVerify') !== true;
  return { address, origin: `the context "${name}"`, tls: isTls ? { verify, ...tls } : undefined };
}

function noContext(name: string): AppError {
  return new AppError('CONFIG_INVALID', `cannot find the Docker context "${name}"`, {
    hint: 'DOCKER_CONTEXT or "currentContext" of config.json names it. See: docker context ls',
  });
}

/** Reads those of ca.pem, cert.pem and key.pem that exist; as in Docker, one of a pair is not used. */
async function readCertificates(
  { note }: Pick<EngineContext, 'note'>,
  folder: string,
): Promise<Omit<DaemonTls, 'verify'>> {
  const read = async (name: string): Promise<string | undefined> =>
    (await readTextFile(join(folder, name)))?.text;
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map(read));
  const authority = ca === undefined ? {} : { ca };
  if (cert !== undefined && key !== undefined) return { ...authority, cert, key };
  if (cert !== undefined || key !== undefined) {
    const [there, missing] = key === undefined ? ['cert', 'key'] : ['key', 'cert'];
    note(`${folder} has ${there}.pem without ${missing}.pem: no client certificate is sent`);
  }
  return authority;
}

function dockerFolder(engines: EngineContext): string | undefined {
  const path = dockerConfigPath(engines);
  return path === undefined ? undefined : dirname(path);
}

function memberAt(
  value: JsonValue | undefined,
  ...names: readonly string[]
): JsonValue | undefined {
  let at = value;
  for (const name of names) at = isJsonObject(at) ? at[name] : undefined;
  return at;
}
