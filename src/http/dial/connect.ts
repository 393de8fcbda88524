import { timedOut } from '../error-codes.ts';
import { connect as connectTcp, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bareHost } from '../address/class.ts';
import { hearLastWords } from './last-words.ts';
import type { TlsSettings } from '../tls/context.ts';
import { isIP } from '../../util/text/ip-address.ts';

/** The other end of a socket. */
export interface DialTarget {
  /** "http:" or "https:" */
  readonly protocol: string;
  readonly hostname: string;
  /** With the port unless it is the protocol's default. */
  readonly host?: string | undefined;
  /** Empty: the protocol's default. */
  readonly port: string;
}

export interface ConnectOptions {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly timeoutMs: number;
  readonly lookup: LookupFunction;
  /** For https. */
  readonly tls: () => TlsSettings;
  /** Sockets that are connecting; destroying them ends the wait. */
  readonly pending: Set<Socket>;
  /** A connected socket to speak TLS through: a tunnel. */
  readonly tunnelSocket?: Socket | undefined;
  /**
   * The first buffer for reads, if only Node's HTTP parser reads the socket: the parser copies what
   * it passes on and returns before the next read, so sockets may share the buffer.
   */
  readonly readBuffer?: Buffer | undefined;
  /** Reads the socket instead; called for each one. Not for a tunnel. */
  readonly reader?: ReaderFactory | undefined;
}

/** The memory that a socket, which exists when the first bytes arrive, is read into. */
export type ReaderFactory = (socketOf: () => Socket) => OnReadOpts;

/** How long one address is tried before the next is tried too (RFC 8305: 250 ms to 2 s). */
const NEXT_ADDRESS_MS = 1000;
const KEEP_ALIVE_MS = 60_000;
/** Bytes read from the kernel at once; Node's 64 KiB cost a third more CPU time per byte. */
export const READ_BUFFER_BYTES = 1024 * 1024;

/** Returns a connected socket, with TLS verified. @throws Error of the socket, or ETIMEDOUT */
export function connectSocket(target: DialTarget, options: ConnectOptions): Promise<Socket> {
  const { timeoutMs, pending } = options;
  const secure = target.protocol === 'https:';
  const socket = secure ? tlsSocket(target, options) : tcpSocket(target, options);
  pending.add(socket);
  return new Promise((resolve, reject) => {
    const late = timedOut();
    const timer = setTimeout(() => socket.destroy(late), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      pending.delete(socket);
      socket.off('error', onError).off('close', onClose);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onClose = (): void => onError(new Error('the client was closed'));
    socket.on('error', onError).on('close', onClose);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      settle();
      // In TLS 1.3, a server rejects a client certificate after the handshake: possibly before
      // anything else listens, and followed by an end that would be reported instead. The user of
      // the socket checks `errored`.
      socket.on('error', (refusal) => socket.destroy(refusal));
      hearLastWords(socket);
      resolve(socket);
    });
  });
}

function tcpSocket(target: DialTarget, { lookup, readBuffer, reader }: ConnectOptions): Socket {
  const read = reader ?? (readBuffer === undefined ? undefined : withReadBuffer(readBuffer));
  const socket: Socket = connectTcp({
    host: bareHost(target.hostname),
    port: portOf(target),
    ...commonOptions(lookup),
    ...(read === undefined ? {} : { onread: read(() => socket) }),
  });
  return socket;
}

function tlsSocket(
  target: DialTarget,
  { lookup, tls, tunnelSocket, reader }: ConnectOptions,
): Socket {
  const name = bareHost(target.hostname);
  const socket: Socket = connectTls({
    host: name,
    port: portOf(target),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...tls(),
    ...commonOptions(lookup),
    ...(tunnelSocket === undefined ? {} : { socket: tunnelSocket }),
    ...(reader === undefined ? {} : { onread: reader(() => socket) }),
  });
  return socket;
}

function commonOptions(lookup: LookupFunction): object {
  return {
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  };
}

function withReadBuffer(buffer: Buffer): ReaderFactory {
  return (socketOf) => ({
    buffer,
    callback(count) {
      const socket = socketOf();
      // No request was sent, so the answer belongs to none.
      if (!socket.emit('data', buffer.subarray(0, count))) socket.destroy();
      return !socket.isPaused();
    },
  });
}

export function portOf({ port, protocol }: DialTarget): number {
  if (port !== '') return Number(port);
  return protocol === 'http:' ? 80 : 443;
}
