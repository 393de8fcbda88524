import { mkdir, writeFile, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeImage, pushImage, writeLayout } from '../helpers/images.ts';
import { run, missingPrograms } from '../helpers/commands.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { newMachine } from './regctl.ts';

describe('bad input gets a clear error and loses nothing', () => {
  it('an upper-case repository: points at it', async () => {
    await using machine = await newMachine();
    const done = await machine.expect(64, ['tags', 'ghcr.io/Me/app']);
    expect(done.stdout).toBe('');
    expect(done.stderr).toContain('must be lowercase');
    expect(done.stderr).toContain('^');
    expect(done.stderr).toContain('ghcr.io/me/app');
    expect((await machine.jsonError(64, ['tags', 'ghcr.io/Me/app'])).code).toBe(
      'INVALID_REFERENCE',
    );
  });

  it('an unknown transport: names those there are', async () => {
    await using machine = await newMachine();
    const error = await machine.jsonError(64, ['inspect', 'ftp://somewhere/app']);
    expect(error.code).toBe('UNKNOWN_TRANSPORT');
    expect(`${error.message} ${error.hint ?? ''}`).toContain('oci:');
  });

  it('a wrong flag, a wrong command, no command, a missing argument', async () => {
    await using machine = await newMachine();
    for (const args of [
      ['tags', '--limt', '3', 'busybox'],
      ['tgas', 'busybox'],
      ['tags'],
      ['tags', '--limit', 'x', 'busybox'],
      ['copy', 'one'],
    ]) {
      const done = await machine.expect(64, args);
      expect(done.stdout, args.join(' ')).toBe('');
      expect(done.stderr).toMatch(/^error: /);
    }
    expect((await machine.expect(64, ['tgas', 'busybox'])).stderr).toContain('tags');
    expect((await machine.expect(64, ['tags', '--limt', '3', 'busybox'])).stderr).toContain(
      '--limit',
    );
    expect((await machine.jsonError(64, ['tags', '--limt', '3', 'busybox'])).code).toBe('USAGE');
  });

  it('a truncated OCI layout', async () => {
    await using machine = await newMachine();
    const dir = machine.dir.join('layout');
    const image = await makeImage();
    await writeLayout(dir, { v1: image });
    const [layer] = [...image.nodes.values()];
    const path = `${dir}/blobs/sha256/${layer?.descriptor.digest.slice(7)}`;
    await writeFile(path, Buffer.from(layer?.bytes ?? []).subarray(0, 20));
    const out = machine.dir.join('out');
    const error = await machine.jsonError(5, ['copy', `oci:${dir}:v1`, `oci:${out}:v1`]);
    expect(error.message).toContain('layout');
    expect(
      await readdir(out).then(
        (names) => names.includes('index.json'),
        () => false,
      ),
    ).toBe(false);
    await writeFile(`${dir}/index.json`, '{"schemaVersion":2,"manifests":[');
    expect((await machine.jsonError(5, ['digest', `oci:${dir}:v1`])).code).toBe('CORRUPT_LAYOUT');
  });

  it('a folder that is not a layout, and one that is not there', async () => {
    await using machine = await newMachine();
    await mkdir(machine.dir.join('empty'));
    expect(
      (await machine.expect(2, ['digest', `oci:${machine.dir.join('nowhere')}:v1`])).stderr,
    ).toContain('nowhere');
    const done = await machine.regctl(['digest', `oci:${machine.dir.join('empty')}:v1`]);
    expect([2, 5]).toContain(done.code);
  });

  it('a registry that is a plain web server, and a manifest that is HTML', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>Welcome</body></html>',
    }));
    await using machine = await newMachine();
    for (const args of [
      ['tags', `${server.host}/app`],
      ['manifest', `${server.host}/app:v1`],
      ['inspect', `${server.host}/app:v1`],
      ['login', '-u', 'a', '-p', 'b', server.host],
    ]) {
      const done = await machine.regctl(args);
      expect(done.code, `${args.join(' ')}: ${done.stderr}`).not.toBe(0);
      expect(done.stderr).toContain(server.host);
      expect(done.stdout).toBe('');
    }
    const error = await machine.jsonError(1, ['tags', `${server.host}/app`]);
    expect(error.code).toBe('NOT_A_REGISTRY');
    await using layoutDir = await newMachine();
    const dir = layoutDir.dir.join('l');
    await writeLayout(dir, { v1: await makeImage() });
    const copy = await machine.regctl(['copy', `oci:${dir}:v1`, `${server.host}/app:v1`]);
    expect(copy.code).not.toBe(0);
  });

  it('a full disk: names the path, leaves no index', async ({ skip }) => {
    const missing = missingPrograms('docker-registry', 'mount', 'umount');
    if (missing !== undefined) skip(missing);
    await using registry = await startDockerRegistry();
    await using machine = await newMachine();
    const disk = machine.dir.join('small');
    await mkdir(disk);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], {
      env: machine.env,
    });
    if (mounted.code !== 0) skip(`cannot mount a small tmpfs: ${mounted.stderr.trim()}`);
    try {
      await pushImage(registry.origin, 'app', ['v1'], await makeImage({ layerSize: 1 << 20 }));
      const error = await machine.jsonError(1, [
        'copy',
        `${registry.host}/app:v1`,
        `oci:${disk}/out:v1`,
      ]);
      expect(error.code).toBe('NO_SPACE');
      expect(error.message).toContain(disk);
      const left = await readdir(`${disk}/out`, { recursive: true }).catch(() => []);
      expect(left.filter((name) => /index\.json|tmp|partial/.test(name))).toEqual([]);
    } finally {
      await run('umount', [disk], { env: machine.env });
    }
  });
});
