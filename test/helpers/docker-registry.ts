import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DockerRegistryOptions {
  readonly tls?: {
    readonly certFile: string;
    readonly keyFile: string;
    /** Only clients with a certificate of this CA are let in. */
    readonly clientCaFile?: string;
  };
  /** One user and its password, as bcrypt htpasswd. */
  readonly htpasswd?: { readonly username: string; readonly password: string };
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certFile: string;
  };
  readonly allowDelete?: boolean;
}

export interface DockerRegistry extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly origin: string;
  /** Folder that holds what the registry stores. */
  readonly storage: string;
}

/** Debian's docker-registry on a free loopback port, with its storage in a temporary folder. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'regctl-registry-'));
  const port = await freePort();
  const htpasswdFile = join(dir, 'htpasswd');
  if (options.htpasswd !== undefined) {
    const { username, password } = options.htpasswd;
    const made = spawnSync('htpasswd', ['-nbB', '-C', '4', username, password], {
      encoding: 'utf8',
    });
    await writeFile(htpasswdFile, made.stdout);
  }
  const storage = join(dir, 'data');
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: options.allowDelete ?? true },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(options.tls === undefined
        ? {}
        : {
            tls: {
              certificate: options.tls.certFile,
              key: options.tls.keyFile,
              ...(options.tls.clientCaFile === undefined
                ? {}
                : { clientcas: [options.tls.clientCaFile] }),
            },
          }),
    },
    ...(options.htpasswd === undefined
      ? {}
      : { auth: { htpasswd: { realm: 'test-realm', path: htpasswdFile } } }),
    ...(options.token === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: options.token.realm,
              service: options.token.service,
              issuer: options.token.issuer,
              rootcertbundle: options.token.certFile,
            },
          },
        }),
  };
  const configFile = join(dir, 'config.yml');
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify(config));
  const logFile = join(dir, 'log');
  const child = spawn(
    'sh',
    ['-c', `exec docker-registry serve "$0" >"$1" 2>&1`, configFile, logFile],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] },
    },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await untilListening(port, () => child.exitCode !== null);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`docker-registry did not start: ${await readFile(logFile, 'utf8')}`, {
      cause: error,
    });
  }
  return {
    host: `127.0.0.1:${port}`,
    port,
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    storage,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export async function untilListening(port: number, dead: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (dead()) break;
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
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
