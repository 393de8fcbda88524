import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/transports/docker-daemon/engine.ts';
import { localTags } from '../../../src/transports/docker-daemon/images.ts';
import type { EngineContext } from '../../../src/transports/types.ts';
import { startEngine, type FakeEngine } from '../../helpers/engine.ts';
import { tempDir } from '../../helpers/temp.ts';

const socketOf = (engine: FakeEngine): string =>
  (engine.context.env['DOCKER_HOST'] ?? '').replace('unix://', '');

async function ask(context: EngineContext): Promise<readonly string[]> {
  await using engine = await openEngine(context);
  return localTags(engine, 'two');
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
    const relay = createServer((from) => {
      const to = createConnection(socketOf(engine));
      from.pipe(to).pipe(from);
      from.on('error', () => to.destroy());
      to.on('error', () => from.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port } = relay.address() as AddressInfo;
    try {
      const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}` };
      expect(await ask({ ...engine.context, env })).toEqual([]);
    } finally {
      relay.close();
    }
  });

  it.each([
    ['unix:///nowhere/docker.sock', 'there is no such socket', 'NETWORK'],
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
