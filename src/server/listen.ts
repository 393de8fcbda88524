import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import { causeOf, errnoOf } from '../util/errno.ts';

const LISTEN_CAUSES: Readonly<Record<string, { readonly words: string; readonly hint: string }>> = {
  EADDRINUSE: {
    words: 'another program uses this port',
    hint: 'Choose another port with --listen, or stop that program.',
  },
  EADDRNOTAVAIL: {
    words: 'it is not an address of this machine',
    hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
  },
  EACCES: {
    words: 'permission denied',
    hint: 'Ports below 1024 may need more rights: choose a higher one.',
  },
  ENOTFOUND: {
    words: 'no address is known for this name',
    hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
  },
};

/** Returns "127.0.0.1:5000". @throws AppError IO */
export async function listen(
  server: Server,
  {
    host = '127.0.0.1',
    port = 0,
  }: { readonly host?: string | undefined; readonly port?: number | undefined },
): Promise<string> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const errno = errnoOf(cause) ?? '';
    const { words, hint } = LISTEN_CAUSES[errno] ?? { words: causeOf(cause), hint: undefined };
    throw new AppError('IO', `cannot listen on ${host}:${port}: ${words}`, {
      cause,
      hint,
      details: { errno },
    });
  }
  const { address, port: own, family } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${own}` : `${address}:${own}`;
}
