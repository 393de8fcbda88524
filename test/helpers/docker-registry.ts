import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

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
  /** Another build of it, such as distribution 3. Default: Debian's. */
  readonly program?: string | undefined;
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
    // It says at this level where it listens.
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: options.allowDelete ?? true },
    },
    http: {
      addr: '127.0.0.1:0',
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
  const child = spawn(options.program ?? 'docker-registry', ['serve', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await portOf(child.stderr, ended);
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

/** The port in "listening on 127.0.0.1:PORT". What comes later is read and dropped. */
async function portOf(log: Readable, ended: Promise<void>): Promise<number> {
  let text = '';
  const found = new Promise<number>((resolve) => {
    log.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /listening on 127\.0\.0\.1:(\d+)/u.exec(text)?.[1];
      if (port === undefined) return;
      log.removeAllListeners('data').resume();
      resolve(Number(port));
    });
  });
  const port = await Promise.race([found, ended]);
  if (port === undefined) throw new Error(`docker-registry did not start: ${text}`);
  return port;
}
