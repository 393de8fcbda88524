import { resolve } from 'node:path';
import { isLoopback } from '../../config/host-name.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { createDiskStorage } from '../../server/storage/disk.ts';
import { createHtpasswdVerifier } from '../../server/htpasswd.ts';
import { createMemoryStorage } from '../../server/storage/memory.ts';
import { startRegistryServer, type RegistryServerOptions } from '../../server/server.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readNamedFile } from '../../util/regular-file.ts';

/** Certificates, keys, and a list of users: more than any has. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

type ServeContext = Pick<Context, 'cwd' | 'note' | 'warn'>;

const DEFAULT_LISTEN = '127.0.0.1:5000';

/** Serves until the signal aborts, then closes; its address goes to stderr once it is ready. */
export async function run(
  context: ServeContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const settings = await settingsOf(context, input);
  const server = await startRegistryServer({
    ...settings,
    onError: (error) => context.warn(`storage: ${messageOf(error)}`),
    onRequest: ({ method, url, status }) => context.note(`${status} ${method} ${sanitize(url)}`),
  });
  context.note(`listening on ${server.url.href}`);
  try {
    await aborted(options.signal);
  } finally {
    await server.close();
  }
  return { kind: 'value', json: { Address: server.host }, text: () => '' };
}

async function settingsOf(context: ServeContext, input: Input): Promise<RegistryServerOptions> {
  const { host, port } = parseListen(readText(input, 'listen') ?? DEFAULT_LISTEN);
  const dir = readText(input, 'dir');
  const tls = await tlsOf(context, input);
  const htpasswd = readText(input, 'htpasswd');
  if (!isLoopback(host) && htpasswd === undefined) {
    context.warn(
      `everyone who reaches ${host} may use this registry: --htpasswd FILE asks for users`,
    );
  }
  return {
    host,
    port,
    storage:
      dir === undefined ? createMemoryStorage() : createDiskStorage(resolve(context.cwd, dir)),
    readOnly: readFlag(input, 'readOnly'),
    allowDelete: !readFlag(input, 'noDelete'),
    ...(tls === undefined ? {} : { tls }),
    ...(htpasswd === undefined
      ? {}
      : { basicAuth: createHtpasswdVerifier(await readPem(context, htpasswd)) }),
  };
}

/** "127.0.0.1:5000", "[::1]:5000", ":5000" (every address), "5000". @throws AppError USAGE */
function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]/\s]*):)?(\d{1,5})$/iu.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new AppError('USAGE', `--listen: "${text}" is not an address with a port`, {
      hint: 'For example 127.0.0.1:5000, [::1]:5000 or :5000 for every address.',
    });
  }
  const host = match[1] === undefined ? '127.0.0.1' : match[1].replace(/^\[|\]$/gu, '');
  return { host: host === '' ? '0.0.0.0' : host, port };
}

/** @throws AppError USAGE when one of the two is missing */
async function tlsOf(context: ServeContext, input: Input): Promise<RegistryServerOptions['tls']> {
  const cert = readText(input, 'tlsCert');
  const key = readText(input, 'tlsKey');
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new AppError('USAGE', '--tls-cert and --tls-key are used together');
  }
  return { cert: await readPem(context, cert), key: await readPem(context, key) };
}

async function readPem(context: ServeContext, file: string): Promise<string> {
  try {
    const { bytes } = await readNamedFile(resolve(context.cwd, file), MAX_FILE_BYTES);
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'PATH_UNKNOWN' : 'IO';
    throw new AppError(code, `cannot read "${file}": ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((done) => {
    signal?.addEventListener('abort', () => done(), { once: true });
  });
}
