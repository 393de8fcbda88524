import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { networkError } from '../../http/dial/network-error.ts';
import { sleep } from '../../util/abort.ts';
import { startChild, type Child } from '../../util/process/child.ts';
import { findProgram } from '../../util/process/find-program.ts';
import { errnoOf } from '../../util/errno.ts';
import type { EngineContext } from '../types.ts';
import type { DaemonEndpoint, DaemonTls } from './endpoint.ts';

const CONNECT_MS = 30_000;
/** ssh closes its output before it exits. */
const LAST_WORDS_MS = 1000;
const TCP_PORT = 2375;
const TLS_PORT = 2376;

/** Opens connections to a daemon, one after the other. */
export interface DaemonDialer extends AsyncDisposable {
  readonly dial: () => Promise<Socket>;
  /** Why a connection failed: what ssh reported if it has exited, else `error`. */
  readonly causeOf: (error: unknown) => Promise<unknown>;
}

/** @throws AppError CONFIG_INVALID for an address of another form */
export function createDaemonDialer(
  endpoint: DaemonEndpoint,
  { env, os }: Pick<EngineContext, 'env' | 'os'>,
): DaemonDialer {
  const { address, tls } = endpoint;
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/su.exec(address) ?? [];
  const children: Child[] = [];
  const dial = (): Promise<Socket> => {
    switch (scheme) {
      case 'unix':
        return connected(connectTcp({ path: rest }));
      case 'npipe':
        return connected(connectTcp({ path: rest.replaceAll('/', '\\') }));
      case 'tcp':
      case 'http':
      case 'https':
        return connected(tcpSocket(rest, tls));
      case 'ssh':
        return overSsh(address, { env, os }, children);
      default:
        throw badAddress(endpoint);
    }
  };
  return {
    dial,
    async causeOf(error) {
      const last = children.at(-1);
      const ended = last === undefined ? undefined : await settled(last.finished, LAST_WORDS_MS);
      if (ended === undefined || ended.status === 0) return error;
      return new SshError(sanitize(ended.stderr.trim()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    },
  };
}

function tcpSocket(rest: string, tls: DaemonTls | undefined): Socket {
  const url = new URL(`tcp://${rest}`);
  const host = url.hostname.replace(/^\[|\]$/gu, '') || '127.0.0.1';
  const port = Number(url.port) || (tls === undefined ? TCP_PORT : TLS_PORT);
  if (tls === undefined) return connectTcp({ host, port });
  const { ca, cert, key, verify } = tls;
  return connectTls({
    host,
    port,
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
}

function connected(socket: Socket): Promise<Socket> {
  const ready = 'encrypted' in socket ? 'secureConnect' : 'connect';
  return new Promise((resolve, reject) => {
    const late = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => socket.destroy(late), CONNECT_MS);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once(ready, () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/**
 * Connects through `docker system dial-stdio` on the remote machine, which forwards its daemon's
 * socket.
 */
async function overSsh(
  address: string,
  { env, os }: Pick<EngineContext, 'env' | 'os'>,
  children: Child[],
): Promise<Socket> {
  const { hostname, username, port } = new URL(address);
  const program = await findProgram('ssh', env, os);
  if (program === undefined) {
    throw new AppError('NETWORK', `cannot reach ${address}: the program "ssh" is not installed`, {
      hint: 'Install an ssh client, or forward the socket and name it in DOCKER_HOST.',
    });
  }
  const child = startChild(
    program,
    [
      '-o',
      'ConnectTimeout=30',
      '-T',
      ...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
      ...(port === '' ? [] : ['-p', port]),
      '--',
      hostname,
      'docker',
      'system',
      'dial-stdio',
    ],
    { env },
  );
  children.push(child);
  const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin });
  return asSocket(duplex);
}

/** Undefined if it takes longer than `ms` milliseconds. */
async function settled<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const done = new AbortController();
  const late = sleep(ms, done.signal).catch(() => undefined);
  const first = await Promise.race([promise, late]);
  done.abort();
  return first ?? undefined;
}

/** ssh has exited; the message is what it reported. */
class SshError extends Error {
  override readonly name = 'SshError';
}

/** Adds the socket methods that Node's HTTP client calls. */
function asSocket(duplex: Duplex): Socket {
  const same = (): Duplex => duplex;
  const methods = {
    setKeepAlive: same,
    setNoDelay: same,
    setTimeout: same,
    ref: same,
    unref: same,
  };
  return Object.assign(duplex, methods) as unknown as Socket;
}

function badAddress({ address, origin }: DaemonEndpoint): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `cannot use "${address}" of ${origin} as a daemon's address`,
    {
      hint: 'Write unix:///PATH, npipe:////./pipe/NAME, tcp://HOST:PORT or ssh://USER@HOST.',
    },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** Describes why a daemon could not be reached or why the connection broke. */
export function daemonError(error: unknown, endpoint: DaemonEndpoint): AppError {
  if (error instanceof AppError) return error;
  const { address, origin } = endpoint;
  const place = origin === 'the default' ? address : `${address} (from ${origin})`;
  const daemon = `the Docker daemon at ${place}`;
  const details = { daemon: address };
  if (error instanceof SshError) {
    return new AppError('NETWORK', `cannot reach ${daemon}: ssh failed, ${error.message}`, {
      hint: 'Try it by hand: ssh HOST docker version',
      cause: error,
      details,
    });
  }
  const reason = REASONS[errnoOf(error) ?? ''];
  if (reason === undefined) {
    const { code, message } = networkError(error, daemon);
    const hint = code === 'TLS' ? tlsHint(message) : hintFor(message, origin);
    return new AppError(code, message, { hint, cause: error, details });
  }
  const hint =
    reason === 'permission denied'
      ? 'Run it as a user of the group "docker", or name a daemon of your own: DOCKER_HOST=unix:///…'
      : 'Start Docker, or name where it listens: DOCKER_HOST=unix:///run/user/1000/podman/podman.sock';
  return new AppError('NETWORK', `cannot reach ${daemon}: ${reason}`, {
    hint,
    cause: error,
    details,
  });
}

/** Where the files of TLS are is said by Docker's settings, not by those of registries. */
function tlsHint(message: string): string {
  if (message.includes('does not use TLS'))
    return 'Unset DOCKER_TLS_VERIFY and DOCKER_TLS, or name its port for TLS: 2376.';
  const files = 'of DOCKER_CERT_PATH, of --cert-dir or of the context';
  if (message.includes('client certificate') || message.includes('handshake'))
    return `It accepts only clients with a certificate that it knows: cert.pem and key.pem ${files}.`;
  return `Its CA must be in ca.pem ${files}. To skip verification, add --tls-verify=false.`;
}

function hintFor(message: string, origin: string): string {
  return message.startsWith('cannot reach')
    ? `Check the address in ${origin}, and that the daemon runs.`
    : 'Run the command again. If this repeats, its log says more: journalctl -u docker';
}

/** A daemon with TLS answers a request without it in plain text (Go net/http). */
export function speaksTls({ address, origin }: DaemonEndpoint): AppError {
  return new AppError('TLS', `the Docker daemon at ${address} (from ${origin}) requires TLS`, {
    hint: 'Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of ca.pem, cert.pem and key.pem.',
    details: { daemon: address },
  });
}
