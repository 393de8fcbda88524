import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

describe.each(['memory', 'disk'])('regctl serve, in %s', (kind) => {
  let machine: Machine;
  let server: ChildProcess;
  let host: string;

  beforeAll(async () => {
    machine = await newMachine();
    const dir = kind === 'disk' ? ['--dir', machine.dir.join('registry')] : [];
    const child = spawn(process.execPath, [BIN, 'serve', '--listen', '127.0.0.1:0', ...dir], {
      env: machine.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    let said = '';
    while (!said.includes('\n')) said += String((await once(child.stderr, 'data'))[0]);
    host = /listening on http:\/\/([\d.:]+)/u.exec(said)?.[1] ?? said;
  });
  afterAll(async () => {
    server.kill('SIGKILL');
    await machine[Symbol.asyncDispose]();
  });

  const tags = async (repository: string): Promise<string[]> =>
    (await machine.expect(0, ['tags', `${host}/${repository}`])).stdout.trim().split('\n');

  it('refuses a shared tag, removes it alone with --untag, and with --force deletes both', async () => {
    const image = await makeIndex();
    await pushImage(`http://${host}`, 'app', ['v1', 'v2'], image);
    await pushImage(`http://${host}`, 'app', ['other'], await makeImage());

    const refused = await machine.jsonError(3, ['delete', `${host}/app:v1`]);
    expect(refused.message).toContain('v2');
    expect(await tags('app')).toEqual(['other', 'v1', 'v2']);

    await machine.expect(0, ['delete', '--untag', `${host}/app:v1`]);
    expect(await tags('app')).toEqual(['other', 'v2']);
    const digest = await machine.expect(0, ['digest', `${host}/app:v2`]);
    expect(digest.stdout.trim()).toBe(image.root.digest);

    await pushImage(`http://${host}`, 'app', ['v3'], image);
    await machine.expect(0, ['delete', '--force', `${host}/app:v3`]);
    expect(await tags('app')).toEqual(['other']);
  });

  it('lists repositories, copies and mounts', async () => {
    await pushImage(`http://${host}`, 'a/b', ['v1'], await makeImage());
    await machine.expect(0, ['copy', `${host}/a/b:v1`, `${host}/c/d:v1`]);
    const names = (await machine.json(['catalog', host])) as { Repositories: string[] };
    expect(names.Repositories).toEqual(expect.arrayContaining(['a/b', 'c/d']));
  });

  it.runIf(kind === 'disk')('keeps a second server out, and is checked while it runs', async () => {
    const dir = machine.dir.join('registry');
    const refused = await machine.jsonError(1, ['serve', '--listen', '127.0.0.1:0', '--dir', dir]);
    expect(refused.message).toContain('another regctl serve uses it');

    await pushImage(`http://${host}`, 'checked', ['v1'], await makeImage());
    const checked = await machine.expect(0, ['serve', 'check', '--dir', dir]);
    expect(checked.stdout).toContain('no problems');
    const folder = join(dir, 'blobs', 'sha256');
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), 'damaged');
    const damaged = await machine.expect(5, ['serve', 'check', '--dir', dir]);
    expect(damaged.stdout).toContain(`sha256:${name}`);
  });

  it('ends well when it is interrupted', async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    expect(await ended).toBe(0);
  });
});
