import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Nothing listens there: it takes a service that no machine has had for decades. */
export const CLOSED_PORT = 1;

/** Below the ports that systems give to clients, so that no connection takes it in between. */
const LOWEST = 10_000;
const HIGHEST = 32_000;

/** A free port for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return port;
  }
}

/** Throws when the program is dead, or after a minute. */
export async function untilListening(port: number, isDead: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2400 && !isDead(); tries += 1) {
    if (await accepts(port)) return;
    await delay(25);
  }
  throw new Error(`nothing listens on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
