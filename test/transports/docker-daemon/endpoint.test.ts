import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { findDaemon } from '../../../src/transports/docker-daemon/endpoint.ts';
import { parseDockerDaemonName } from '../../../src/transports/docker-daemon/name.ts';
import type { EngineContext } from '../../../src/transports/types.ts';
import { tempDir } from '../../helpers/temp.ts';

/** A home with the contexts "remote" (TLS), "far" (ssh) and "broken" (no host). */
async function home(current?: string) {
  const dir = await tempDir();
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(dir.join('.docker', path)), { recursive: true });
    await writeFile(dir.join('.docker', path), text);
  };
  const id = (name: string): string => createHash('sha256').update(name).digest('hex');
  const meta = (name: string, docker: object): Promise<void> =>
    write(
      `contexts/meta/${id(name)}/meta.json`,
      JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker } }),
    );
  await meta('remote', { Host: 'tcp://h.example:2376', SkipTLSVerify: true });
  await meta('far', { Host: 'ssh://ann@h.example:2222' });
  await meta('broken', {});
  await write(`contexts/tls/${id('remote')}/docker/ca.pem`, 'CA');
  await write('ca.pem', 'OWN CA');
  if (current !== undefined)
    await write('config.json', JSON.stringify({ currentContext: current }));
  const find = (env: Record<string, string> = {}, more: Partial<EngineContext> = {}) =>
    findDaemon({ env, home: dir.path, os: 'linux', note: () => undefined, ...more });
  return { find, dir, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

describe('the daemon that is talked to', () => {
  it.each([
    [undefined, {}, {}, 'unix:///var/run/docker.sock', 'the default'],
    [undefined, {}, { os: 'win32' }, 'npipe:////./pipe/docker_engine', 'the default'],
    ['far', {}, {}, 'ssh://ann@h.example:2222', 'the context "far"'],
    ['default', {}, {}, 'unix:///var/run/docker.sock', 'the default'],
    ['far', { DOCKER_CONTEXT: 'default' }, {}, 'unix:///var/run/docker.sock', 'the default'],
    ['far', { DOCKER_CONTEXT: 'remote' }, {}, 'tcp://h.example:2376', 'the context "remote"'],
    ['far', { DOCKER_CONTEXT: 'remote', DOCKER_HOST: 'unix:///x' }, {}, 'unix:///x', 'DOCKER_HOST'],
    [
      'far',
      { DOCKER_HOST: 'unix:///x' },
      { daemonHost: 'tcp://y:1' },
      'tcp://y:1',
      '--daemon-host',
    ],
  ] as const)('%s %o %o', async (current, env, more, address, origin) => {
    await using machine = await home(current);
    expect(await machine.find(env, more)).toMatchObject({ address, origin });
  });

  it('takes TLS from the context, DOCKER_CERT_PATH or --cert-dir', async () => {
    await using machine = await home();
    const remote = await machine.find({ DOCKER_CONTEXT: 'remote' });
    expect(remote.tls).toEqual({ verify: false, ca: 'CA' });
    const host = 'tcp://h:2376';
    expect((await machine.find({ DOCKER_HOST: host })).tls).toBeUndefined();
    const verified = await machine.find({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1' });
    expect(verified.tls).toEqual({ verify: true, ca: 'OWN CA' });
    const own = { DOCKER_HOST: host, DOCKER_TLS: '1', DOCKER_CERT_PATH: machine.dir.join('none') };
    expect((await machine.find(own)).tls).toEqual({ verify: false });
    const given = await machine.find({}, { daemonHost: 'https://h', certDir: machine.dir.path });
    expect(given.tls).toEqual({ verify: true });
  });

  it.each([
    ['cert', 'key'],
    ['key', 'cert'],
  ])('says that %s.pem without %s.pem is not used', async (there, missing) => {
    await using machine = await home();
    await writeFile(machine.dir.join(`${there}.pem`), 'HALF');
    const notes: string[] = [];
    const { tls } = await machine.find(
      { DOCKER_HOST: 'tcp://h:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: machine.dir.path },
      { note: (text) => void notes.push(text) },
    );
    expect(tls).toEqual({ verify: true });
    const half = `${machine.dir.path} has ${there}.pem without ${missing}.pem`;
    expect(notes).toEqual([`${half}: no client certificate is sent`]);
  });

  it.each(['none', 'broken'])('names the context "%s" that is no use', async (name) => {
    await using machine = await home();
    await expect(machine.find({ DOCKER_CONTEXT: name })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`"${name}"`) as string,
    });
  });
});

describe('names of a daemon’s images', () => {
  const id = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['two', { name: 'two', ref: undefined, tag: undefined, text: 'docker-daemon:two:latest' }],
    ['two:a', { name: 'two', ref: 'a', tag: 'a', text: 'docker-daemon:two:a' }],
    ['docker.io/library/two:a', { name: 'two', ref: 'a', text: 'docker-daemon:two:a' }],
    ['h:5000/o/two', { name: 'h:5000/o/two', text: 'docker-daemon:h:5000/o/two:latest' }],
    [id, { name: id, ref: id, tag: undefined, text: `docker-daemon:${id}` }],
    [`two@${id}`, { name: 'two', ref: id, text: `docker-daemon:two@${id}` }],
  ])('%s', (rest, expected) => {
    expect(parseDockerDaemonName(rest)).toMatchObject({ scheme: 'docker-daemon', ...expected });
  });

  it.each(['', '//two', 'Two', 'two:'])('refuses "%s"', (rest) => {
    expect(() => parseDockerDaemonName(rest)).toThrow(AppError);
  });
});
