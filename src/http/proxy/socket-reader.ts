import type { Duplex } from 'node:stream';

/** Reads exactly the answers of a proxy; the rest stays in the socket. */
export interface SocketReader {
  /** Exactly `count` bytes. @throws Error if the socket ends first */
  bytes(count: number): Promise<Buffer>;
  /** Up to and including `mark`. @throws Error if it ends first, or `limit` bytes hold no mark */
  until(mark: string, limit: number): Promise<Buffer>;
  /** Detaches, so that the next reader can use the socket. */
  release(): void;
}

export function socketReader(socket: Duplex): SocketReader {
  let ended: Error | undefined;
  let wake: (() => void) | undefined;
  const onReadable = (): void => wake?.();
  const onError = (error: Error): void => {
    ended ??= error;
    wake?.();
  };
  const onEnd = (): void => onError(new Error('the connection was closed'));
  socket.on('error', onError).on('end', onEnd).on('close', onEnd).on('readable', onReadable);

  const next = async (): Promise<Buffer> => {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (ended !== undefined) throw ended;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const take = async (sizeIn: (seen: Buffer) => number | undefined): Promise<Buffer> => {
    let seen: Buffer = Buffer.alloc(0);
    for (;;) {
      const size = sizeIn(seen);
      if (size !== undefined) {
        if (size < seen.length) socket.unshift(seen.subarray(size));
        return seen.subarray(0, size);
      }
      seen = Buffer.concat([seen, await next()]);
    }
  };
  return {
    bytes: (count) => take((seen) => (seen.length >= count ? count : undefined)),
    until: (mark, limit) =>
      take((seen) => {
        const at = seen.indexOf(mark);
        if (at >= 0) return at + mark.length;
        if (seen.length > limit) throw new Error('the answer is too long');
        return undefined;
      }),
    release() {
      socket.off('error', onError).off('end', onEnd).off('close', onEnd);
      socket.off('readable', onReadable);
    },
  };
}

/** The target of a tunnel; the proxy looks up the name. */
export interface TunnelTarget {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The connection to the proxy. */
export interface ProxySocket extends SocketReader {
  write(bytes: string | Buffer): boolean;
}
