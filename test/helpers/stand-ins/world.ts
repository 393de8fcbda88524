import { mkdir, writeFile } from 'node:fs/promises';
import { PassThrough, Writable } from 'node:stream';
import type { Io } from '../../../src/cli/io.ts';
import { main } from '../../../src/cli/main.ts';
import type { Certificates } from '../certificates.ts';
import { startProxyServer } from '../proxy-server.ts';
import { startScriptedServer, type ScriptedRequest } from '../scripted-server.ts';
import { tempDir, type TempDir } from '../temp.ts';
import { Engine } from './engine.ts';
import { ownHosts } from './own-apis.ts';
import type { StandIn } from './types.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * One registry under its real names: a proxy leads each of them to one server on loopback, which
 * has a certificate for them all. regctl runs in this process, with a home of its own.
 */
export interface World extends AsyncDisposable {
  readonly engine: Engine;
  readonly dir: TempDir;
  readonly requests: readonly ScriptedRequest[];
  /** "GET ghcr.io/v2/", in order. */
  readonly lines: readonly string[];
  /** Everything that was written to stdout and stderr. */
  readonly printed: () => string;
  run(args: readonly string[], options?: { input?: string; env?: Io['env'] }): Promise<Ran>;
  /** `-o json` that must exit with `status`. */
  json(status: number, ...args: readonly string[]): Promise<unknown>;
}

/** Every host name of a stand-in. */
export function hostsOf({ id, api, cdn, auth }: StandIn): readonly string[] {
  const realm = auth.kind === 'bearer' ? [new URL(auth.realm).host] : [];
  return [...new Set([api, ...(cdn === undefined ? [] : [cdn]), ...realm, ...ownHosts(id)])];
}

export async function startWorld(standIn: StandIn, certificates: Certificates): Promise<World> {
  const engine = new Engine(standIn);
  const dir = await tempDir();
  const server = await startScriptedServer((request) => engine.answer(request), {
    tls: certificates,
  });
  const routes = Object.fromEntries(hostsOf(standIn).map((host) => [`${host}:443`, server.port]));
  const proxy = await startProxyServer({ routes });
  await mkdir(dir.join('home'));
  await mkdir(dir.join('ca'));
  await writeFile(dir.join('ca', 'ca.pem'), certificates.ca);
  const env = {
    CI: '1',
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    // Both together leave out the machine's own authorities, which take long to read.
    SSL_CERT_FILE: dir.join('ca', 'ca.pem'),
    SSL_CERT_DIR: dir.join('ca'),
    XDG_CONFIG_HOME: dir.join('config'),
    XDG_CACHE_HOME: dir.join('cache'),
  };

  let printed = '';
  const run: World['run'] = async (args, options = {}) => {
    const stdout = capture();
    const stderr = capture();
    const stdin = new PassThrough();
    stdin.end(options.input ?? '');
    const io: Io = {
      argv: args,
      env: { ...env, ...options.env },
      cwd: dir.path,
      temp: dir.path,
      home: dir.join('home'),
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      host: { platform: 'linux', arch: 'x64' },
      runtime: { node: '24.15.0', openssl: '3.5.0', path: '/nowhere', isExecutable: false },
      now: () => new Date(),
      onSignal: () => () => undefined,
      exit: () => undefined,
    };
    const status = await main(io);
    const ran = { status, stdout: stdout.text(), stderr: stderr.text() };
    printed += `${ran.stdout}${ran.stderr}`;
    return ran;
  };

  return {
    engine,
    dir,
    requests: server.requests,
    printed: () => printed,
    get lines() {
      return server.requests.map(
        ({ method, path, headers }) => `${method} ${headers.host ?? ''}${path}`,
      );
    },
    run,
    async json(status, ...args) {
      const ran = await run(['-o', 'json', ...args]);
      if (ran.status !== status) {
        throw new Error(`regctl ${args.join(' ')}: exit ${ran.status}\n${ran.stdout}${ran.stderr}`);
      }
      return JSON.parse(ran.stdout) as unknown;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

function capture(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
