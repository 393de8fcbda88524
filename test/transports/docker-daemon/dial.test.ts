import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/transports/docker-daemon/engine.ts';
import { localTags } from '../../../src/transports/docker-daemon/images.ts';
import type { EngineContext } from '../../../src/transports/types.ts';
import { makeCertificates, type Certificates } from '../../helpers/certificates.ts';
import { startEngine, type FakeEngine } from '../../helpers/engine.ts';
import { CLOSED_PORT } from '../../helpers/ports.ts';
import { tempDir } from '../../helpers/temp.ts';

const socketOf = (engine: FakeEngine): string =>
  (engine.context.env['DOCKER_HOST'] ?? '').replace('unix://', '');

async function ask(context: EngineContext): Promise<readonly string[]> {
  await using engine = await openEngine(context);
  return await localTags(engine, 'two');
}

/** Passes connections on to an engine, with `tls` only from clients with a certificate of its CA. */
async function relayTo(engine: FakeEngine, tls?: TlsOptions) {
  const sockets = new Set<Socket>();
  const pass = (from: Socket): void => {
    const to = createConnection(socketOf(engine));
    from.pipe(to).pipe(from);
    for (const one of [from, to]) {
      sockets.add(one);
      one.on('error', () => [from, to].forEach((each) => each.destroy()));
    }
  };
  const server = tls === undefined ? createServer(pass) : createTlsServer(tls, pass);
  return {
    async listen(at: number | string): Promise<number> {
      const ready = once(server, 'listening');
      if (typeof at === 'number') server.listen(at, '127.0.0.1');
      else server.listen(at);
      await ready;
      const address = server.address() as AddressInfo | string;
      return typeof address === 'string' ? 0 : address.port;
    },
    async [Symbol.asyncDispose]() {
      for (const one of sockets) one.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('the way to a daemon', () => {
  it('over ssh: "docker system dial-stdio" on the other machine, nothing in a shell here', async () => {
    await using engine = await startEngine();
    await using dir = await tempDir();
    // Stands in for ssh: notes its arguments and connects the pipe to the socket.
    const script = `#!${process.execPath}
      require('node:fs').writeFileSync(${JSON.stringify(dir.join('args'))}, JSON.stringify(process.argv.slice(2)));
      const socket = require('node:net').connect(${JSON.stringify(socketOf(engine))});
      process.stdin.pipe(socket); socket.pipe(process.stdout);`;
    await writeFile(dir.join('ssh'), script);
    await chmod(dir.join('ssh'), 0o755);
    const env = { PATH: dir.path, DOCKER_HOST: 'ssh://ann@h.example:2222' };
    expect(await ask({ ...engine.context, env })).toEqual([]);
    expect(engine.lines[0]).toBe('GET /_ping');
    expect(JSON.parse(await readFile(dir.join('args'), 'utf8'))).toEqual([
      '-o',
      'ConnectTimeout=30',
      '-T',
      '-l',
      'ann',
      '-p',
      '2222',
      '--',
      'h.example',
      'docker',
      'system',
      'dial-stdio',
    ]);
  });

  it('says what ssh said', async () => {
    await using dir = await tempDir();
    await writeFile(
      dir.join('ssh'),
      '#!/bin/sh\necho "Host key verification failed." >&2\nexit 255\n',
    );
    await chmod(dir.join('ssh'), 0o755);
    const env = { PATH: dir.path, DOCKER_HOST: 'ssh://h.example' };
    const context = { env, home: undefined, os: 'linux', note: () => undefined };
    await expect(ask(context)).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('Host key verification failed.') as string,
    });
  });

  it('over tcp', async () => {
    await using engine = await startEngine();
    await using relay = await relayTo(engine);
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${await relay.listen(0)}` };
    expect(await ask({ ...engine.context, env })).toEqual([]);
  });

  it('over a named pipe: its path is written as Windows does', async () => {
    await using engine = await startEngine();
    await using relay = await relayTo(engine);
    await using dir = await tempDir();
    const before = process.cwd();
    process.chdir(dir.path);
    try {
      // Elsewhere, this is a file name.
      await relay.listen(String.raw`\\.\pipe\docker_engine`);
      const env = { DOCKER_HOST: 'npipe:////./pipe/docker_engine' };
      expect(await ask({ ...engine.context, env })).toEqual([]);
    } finally {
      process.chdir(before);
    }
  });

  it.each([
    ['unix:///nowhere/docker.sock', 'there is no such socket', 'NETWORK'],
    [`tcp://127.0.0.1:${CLOSED_PORT}`, 'nothing listens there', 'NETWORK'],
    [`https://127.0.0.1:${CLOSED_PORT}`, 'nothing listens there', 'NETWORK'],
    ['ftp://h', 'cannot use "ftp://h"', 'CONFIG_INVALID'],
    ['ssh://h', '"ssh" is not installed', 'NETWORK'],
  ])('%s: %s', async (address, words, code) => {
    const env = { DOCKER_HOST: address, PATH: '/nowhere' };
    const context = { env, home: undefined, os: 'linux', note: () => undefined };
    await expect(ask(context)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
      exitStatus: 1,
    });
  });
});

describe('a daemon with TLS', () => {
  let certificates: Certificates;
  let other: Certificates;
  beforeAll(async () => {
    [certificates, other] = await Promise.all([makeCertificates(), makeCertificates()]);
  });
  afterAll(async () => {
    await certificates[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  /** A daemon that wants a certificate of its CA, and a machine with the files of Docker's client. */
  async function setUp(from: () => Certificates, files: readonly string[] = ['ca', 'cert', 'key']) {
    const { ca, cert, key } = certificates;
    const engine = await startEngine();
    const relay = await relayTo(engine, { ca, cert, key, requestCert: true });
    const address = `tcp://127.0.0.1:${await relay.listen(0)}`;
    const dir = await tempDir();
    const write = async (folder: string): Promise<void> => {
      await mkdir(folder, { recursive: true });
      for (const name of files)
        await writeFile(`${folder}/${name}.pem`, from()[name as 'ca' | 'cert' | 'key']);
    };
    return {
      engine,
      address,
      dir,
      write,
      context: (env: Record<string, string>, more: Partial<EngineContext> = {}): EngineContext => ({
        env,
        home: dir.path,
        os: 'linux',
        note: () => undefined,
        ...more,
      }),
      async [Symbol.asyncDispose]() {
        for (const one of [relay, engine, dir]) await one[Symbol.asyncDispose]();
      },
    };
  }

  it('is reached with the files of DOCKER_CERT_PATH, of --cert-dir and of the context', async () => {
    await using to = await setUp(() => certificates);
    await to.write(to.dir.join('certs'));
    const DOCKER_HOST = to.address;
    const DOCKER_CERT_PATH = to.dir.join('certs');
    expect(
      await ask(to.context({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH })),
    ).toEqual([]);
    expect(await ask(to.context({ DOCKER_HOST }, { certDir: DOCKER_CERT_PATH }))).toEqual([]);
    const id = createHash('sha256').update('far').digest('hex');
    const contexts = to.dir.join('.docker', 'contexts');
    await to.write(`${contexts}/tls/${id}/docker`);
    await mkdir(`${contexts}/meta/${id}`, { recursive: true });
    const meta = { Name: 'far', Endpoints: { docker: { Host: to.address } } };
    await writeFile(`${contexts}/meta/${id}/meta.json`, JSON.stringify(meta));
    expect(await ask(to.context({ DOCKER_CONTEXT: 'far' }))).toEqual([]);
  });

  it.each([
    [
      'another CA',
      () => other,
      ['ca', 'cert', 'key'],
      'cannot trust',
      'ca.pem of DOCKER_CERT_PATH',
    ],
    ['no certificate', () => certificates, ['ca'], 'client certificate', 'cert.pem and key.pem of'],
  ] as const)(
    '%s: what is wrong and which file helps',
    async (_title, from, files, words, help) => {
      await using to = await setUp(from, files);
      await to.write(to.dir.join('certs'));
      const DOCKER_CERT_PATH = to.dir.join('certs');
      const env = { DOCKER_HOST: to.address, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH };
      await expect(ask(to.context(env))).rejects.toMatchObject({
        code: 'TLS',
        message: expect.stringContaining(words) as string,
        hint: expect.stringContaining(help) as string,
        exitStatus: 1,
      });
      expect(to.engine.lines).toEqual([]);
    },
  );

  it('--tls-verify=false takes another CA', async () => {
    await using to = await setUp(() => certificates, ['cert', 'key']);
    await to.write(to.dir.join('certs'));
    const certDir = to.dir.join('certs');
    const context = to.context({ DOCKER_HOST: to.address }, { certDir });
    await expect(ask(context)).rejects.toMatchObject({ code: 'TLS' });
    expect(await ask({ ...context, tlsVerify: false })).toEqual([]);
  });

  it('that is asked without TLS says so, and one without TLS that is asked with it', async () => {
    await using engine = await startEngine({
      script: (_line, _request, response) => {
        response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n');
        return true;
      },
    });
    await expect(ask(engine.context)).rejects.toMatchObject({
      code: 'TLS',
      hint: expect.stringContaining('DOCKER_TLS_VERIFY=1') as string,
    });
    await using plain = await relayTo(engine);
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${await plain.listen(0)}`, DOCKER_TLS_VERIFY: '1' };
    await expect(ask({ ...engine.context, env })).rejects.toMatchObject({
      code: 'TLS',
      hint: expect.stringContaining('Unset DOCKER_TLS_VERIFY') as string,
    });
  });
});
