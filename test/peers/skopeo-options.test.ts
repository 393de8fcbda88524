import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runInProcess } from '../e2e/in-process.ts';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';
import { build, workdir } from '../vectors/lines/fixtures.mjs';
import { listen, type Store } from '../vectors/lines/registry.mjs';
import { digestOf } from '../../src/oci/digest.ts';
import { LINES } from './skopeo-lines.ts';

interface Ports {
  readonly tls: number;
  readonly token: number;
}

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates?.[Symbol.asyncDispose]());

type Program = (
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) => Promise<Finished>;

const programs: Readonly<Record<'skopeo' | 'ours', Program>> = {
  skopeo: (args, options) => run(peer('skopeo') ?? '', args, options),
  ours: (args, options) => runInProcess(args, { ...options, program: '/usr/bin/skopeo' }),
};

/** Files below a path and what is in them; the manifests of layouts and directories as JSON. */
async function treeOf(path: string, mask: (text: string) => string): Promise<unknown> {
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (names === 'ENOTDIR') return contentOf(await readFile(path));
  if (!Array.isArray(names)) return undefined;
  const files = names.filter((one) => one.isFile() && one.name !== 'index.json');
  const entries = files.map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    const shown = mask(file.slice(path.length));
    return [shown, contentOf(await readFile(file))] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The order of members and white space are each tool's own. */
function contentOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return digestOf(bytes);
  }
}

const typesIn = (json: string): readonly string[] => json.match(/"mediaType": ?"[^"]+"/gu) ?? [];

interface Outcome {
  readonly exit: number | null;
  readonly stdout: readonly string[];
  readonly after: readonly unknown[];
  readonly requests: number;
}

/** What stands in the working directory besides the files of all lines. */
async function prepare(dir: TempDir, host: string): Promise<void> {
  const policy = (type: string): string => JSON.stringify({ default: [{ type }] });
  await mkdir(dir.join('home/.config/containers'), { recursive: true });
  await writeFile(
    dir.join('home/.config/containers/policy.json'),
    policy('insecureAcceptAnything'),
  );
  await writeFile(dir.join('reject.json'), policy('reject'));
  const auth = Buffer.from('ann:pw').toString('base64');
  await writeFile(dir.join('ann:pw.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  // A layout whose blobs are elsewhere.
  await mkdir(dir.join('bare'));
  for (const name of ['index.json', 'oci-layout']) {
    await copyFile(dir.join('layout', name), dir.join('bare', name));
  }
  await mkdir(dir.join('certs'));
  await writeFile(dir.join('certs/ca.crt'), certificates.ca);
}

/** Ways to the registry: over TLS, and for a bearer token only. */
async function startWays(port: number): Promise<AsyncDisposable & { readonly ports: Ports }> {
  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    const { method, headers, url } = request;
    const { authorization: _token, ...others } = headers;
    const to = httpRequest({ port, method, path: url, headers: others }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(to);
  };
  const tls = createTlsServer({ cert: certificates.cert, key: certificates.key }, forward);
  const token = createServer((request, response) => {
    if (request.headers.authorization === 'Bearer t0') return forward(request, response);
    const realm = 'http://127.0.0.1:9/token';
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` });
    return response.end();
  });
  const portOf = async (server: Server): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const ports = { tls: await portOf(tls), token: await portOf(token) };
  const close = (server: Server): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return {
    ports,
    [Symbol.asyncDispose]: async () => void (await Promise.all([tls, token].map(close))),
  };
}

async function outcomeOf(
  program: Program,
  line: string,
  names: readonly string[],
): Promise<Outcome> {
  await using dir = await tempDir();
  const log: string[] = [];
  let store: Store | undefined;
  const lazy = new Proxy(
    {},
    {
      get: (_, key) => {
        const value: unknown = Reflect.get(store ?? {}, key);
        return typeof value === 'function' ? (value.bind(store) as unknown) : value;
      },
    },
  );
  const registry = await listen(lazy, { log, auth: /\bann\b/u.test(line) ? 'ann:pw' : undefined });
  try {
    await using ways = await startWays(registry.port);
    const hosts = Object.entries({ reg: registry.port, ...ways.ports }).map(
      ([name, port]) => [`{${name}}`, `127.0.0.1:${port}`] as const,
    );
    const host = `127.0.0.1:${registry.port}`;
    const fill = (text: string): string =>
      hosts.reduce((all, [name, at]) => all.replaceAll(name, at), text);
    const mask = (text: string): string =>
      hosts.reduce((all, [name, at]) => all.replaceAll(at, name), text);
    store = build(host);
    workdir(store, dir.path, host);
    await prepare(dir, host);
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir.join('home'),
      XDG_RUNTIME_DIR: dir.join('home'),
      CONTAINERS_REGISTRIES_CONF: dir.join('empty.conf'),
      TMPDIR: dir.path,
    };
    const args = fill(line).replaceAll('{w}', dir.path).split(' ');
    const done = await program(args, { cwd: dir.path, env });
    const textOf = async (name: string): Promise<string> =>
      name.startsWith('{reg}/')
        ? String(store?.get(name.slice('{reg}/'.length))?.bytes)
        : readFile(dir.join(name), 'utf8');
    const after = names.map(async (name) => {
      const [how, of = ''] = name.split(/:(?=\{reg\}|out)/u);
      if (how === 'types') return typesIn(await textOf(of));
      if (how === 'sorted')
        return mask(await textOf(of))
          .split('\n')
          .toSorted();
      if (!name.startsWith('{reg}/')) return treeOf(dir.join(name), mask);
      return store?.get(name.slice('{reg}/'.length))?.digest;
    });
    return {
      exit: done.code,
      stdout: mask(done.stdout).trimEnd().split('\n'),
      after: await Promise.all(after),
      requests: log.length,
    };
  } finally {
    await registry.close();
  }
}

/** Lines whose output scripts read; what a copy prints comes in no order. */
const IS_READ = /\b(?:inspect|list-tags|manifest-digest)\b/u;

const parsed = ({ stdout }: Outcome): unknown => JSON.parse(stdout.join('\n')) as unknown;

describeUnless(missingPeers('skopeo'), 'a line of skopeo, by regctl under its name', () => {
  it.each(LINES)('%s', async (line, ...names) => {
    const [theirs, ours] = await Promise.all([
      outcomeOf(programs.skopeo, line, names),
      outcomeOf(programs.ours, line, names),
    ]);
    expect(ours.exit).toBe(theirs.exit);
    expect(ours.after).toEqual(theirs.after);
    if (theirs.exit !== 0) return;
    // skopeo writes what it knows of a configuration anew, in its own order.
    const isRewritten = line.includes('--config') && !line.includes('--raw');
    if (isRewritten) expect(parsed(ours)).toEqual(parsed(theirs));
    else if (IS_READ.test(line)) expect(ours.stdout).toEqual(theirs.stdout);
    // A delete looks first at which tags share the digest, a dry run at what is there.
    if (!/^delete|--dry-run/u.test(line))
      expect(ours.requests).toBeLessThanOrEqual(theirs.requests);
  });
});
