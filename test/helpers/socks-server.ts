import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface SocksServer extends AsyncDisposable {
  readonly port: number;
  /** "USER:PASSWORD" of every login, and "host:port" of every connection, in order. */
  readonly seen: readonly string[];
}

/** A SOCKS 5 proxy on a loopback port (RFC 1928, RFC 1929). */
export async function startSocksServer(options: {
  readonly routes: Readonly<Record<string, number>>;
  readonly login?: string;
}): Promise<SocksServer> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const serve = async (client: Socket): Promise<void> => {
    const read = async (count: number): Promise<Buffer> => {
      for (;;) {
        const chunk = client.read(count) as Buffer | null;
        if (chunk !== null) return chunk;
        await new Promise((resolve) => {
          client.once('readable', resolve);
        });
      }
    };
    const [, methods = 0] = await read(2);
    const offered = [...(await read(methods))];
    const method = options.login === undefined ? 0 : 2;
    client.write(Buffer.from([5, offered.includes(method) ? method : 0xff]));
    if (method === 2) {
      const [, userSize = 0] = await read(2);
      const user = (await read(userSize)).toString();
      const [size = 0] = await read(1);
      const login = `${user}:${size === 0 ? '' : (await read(size)).toString()}`;
      seen.push(login);
      client.write(Buffer.from([1, login === options.login ? 0 : 1]));
      if (login !== options.login) return;
    }
    const [, , , kind] = await read(4);
    const size = kind === 1 ? 4 : kind === 4 ? 16 : ((await read(1))[0] ?? 0);
    const raw = await read(size);
    const host = kind === 3 ? raw.toString() : kind === 1 ? raw.join('.') : raw.toString('hex');
    const wanted = `${host}:${(await read(2)).readUInt16BE()}`;
    seen.push(wanted);
    const port = options.routes[wanted];
    const reply = port === undefined ? 4 : 0;
    client.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
    if (port === undefined) return;
    const upstream = connect(port, '127.0.0.1');
    sockets.add(upstream.on('error', () => client.destroy()));
    client.pipe(upstream).pipe(client);
  };
  const server = createServer((client) => {
    sockets.add(client.on('error', () => client.destroy()));
    void serve(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
