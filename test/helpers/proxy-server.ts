import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface ProxyOptions {
  /** Where a "host:port" that is asked for really is: a loopback port. */
  readonly routes: Readonly<Record<string, number>>;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What `Proxy-Authorization` must be. */
  readonly authorization?: string;
  /** Answers in place of a connection: the status line and headers. */
  readonly refuse?: string;
}

export interface ProxyServer extends AsyncDisposable {
  readonly port: number;
  /** The head of every request as it came: "CONNECT r.corp:443 HTTP/1.1\r\n…". */
  readonly heads: readonly string[];
}

/** An HTTP proxy on a loopback port: tunnels and forwards, and records all that it reads in clear. */
export async function startProxyServer(options: ProxyOptions): Promise<ProxyServer> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  };
  const serve = (client: Socket): void => {
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return;
      client.off('data', onData);
      const head = seen.subarray(0, end).toString('latin1');
      heads.push(head);
      answer(client, head, seen.subarray(end + 4));
    };
    keep(client).on('data', onData);
  };
  const answer = (client: Socket, head: string, rest: Buffer): void => {
    const [, method = '', target = ''] = /^(\S+) (\S+) /u.exec(head) ?? [];
    const login = /^proxy-authorization: (.*)$/imu.exec(head)?.[1];
    if (options.authorization !== undefined && login !== options.authorization) {
      client.end('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    if (options.refuse !== undefined) {
      client.end(`HTTP/1.1 ${options.refuse}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const tunnel = method === 'CONNECT';
    const url = tunnel ? undefined : new URL(target);
    const wanted = url === undefined ? target : `${url.hostname}:${url.port || '80'}`;
    const port = options.routes[wanted];
    if (port === undefined) {
      client.end(`HTTP/1.1 503 No\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = keep(connect(port, '127.0.0.1'));
    if (url === undefined) {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    } else {
      const lines = head
        .replace(target, `${url.pathname}${url.search}`)
        .split('\r\n')
        .filter((line) => !/^proxy-authorization:|^connection:/iu.test(line));
      upstream.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    }
    upstream.write(rest);
    client.pipe(upstream).pipe(client);
  };
  const server =
    options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  server.on('connection', keep);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
