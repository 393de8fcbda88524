import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform, pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface SlowProxy extends AsyncDisposable {
  readonly host: string;
  /** Resolves when this many bytes have come down since the last reset. */
  untilBytes(count: number): Promise<void>;
  reset(): void;
}

/** Forwards TCP, letting at most `bytesPerSecond` down each connection. */
export async function startSlowProxy(
  target: { readonly port: number },
  bytesPerSecond: number,
): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  let down = 0;
  let waiters: { count: number; wake: () => void }[] = [];
  const server = createServer((client) => {
    const onward = connect(target.port, '127.0.0.1');
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    const slow = new Transform({
      highWaterMark: 16 * 1024,
      transform(chunk: Buffer, _encoding, done) {
        down += chunk.byteLength;
        for (const waiter of waiters) if (down >= waiter.count) waiter.wake();
        waiters = waiters.filter((waiter) => down < waiter.count);
        void delay((chunk.byteLength / bytesPerSecond) * 1000).then(() => done(null, chunk));
      },
    });
    pipeline(client, onward, () => undefined);
    pipeline(onward, slow, client, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    untilBytes: (count) =>
      new Promise((resolve) => {
        if (down >= count) resolve();
        else waiters.push({ count, wake: resolve });
      }),
    reset() {
      down = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
