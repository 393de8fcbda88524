import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeImage, pushImage, writeLayout, type TestImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

describe('manifests and blobs by themselves', () => {
  let registry: RegistryServer;
  let machine: Machine;
  let image: TestImage;

  beforeAll(async () => {
    [registry, machine, image] = await Promise.all([
      startRegistryServer({ storage: createMemoryStorage() }),
      newMachine(),
      makeImage({ layers: 1 }),
    ]);
    await pushImage(registry.url.origin, 'app', ['v1'], image);
    await writeLayout(machine.dir.join('layout'), { v1: image });
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    await registry.close();
  });
  const app = (name: string): string => `${registry.url.host}/app${name}`;
  const layer = (): string => [...image.nodes.keys()][0] ?? '';

  it('a manifest is pushed byte for byte, from a file and from standard input', async () => {
    const raw = await machine.expect(0, ['manifest', app(':v1')]);
    await writeFile(machine.dir.join('m.json'), raw.bytes);
    const named = await machine.expect(0, ['manifest-put', app(':v2'), 'm.json']);
    expect(named.stdout).toBe(`${image.root.digest}\n`);
    await machine.expect(0, ['manifest-put', app(':v3')], { input: raw.bytes });
    for (const tag of ['v2', 'v3']) {
      const again = await machine.expect(0, ['manifest', app(`:${tag}`)]);
      expect(again.bytes.equals(raw.bytes)).toBe(true);
    }
    const other = digestOf(Buffer.from('other'));
    await machine.expect(5, ['manifest-put', app(`@${other}`), 'm.json']);
    await machine.expect(5, ['manifest-put', app(':v4')], { input: 'no manifest' });
    await machine.expect(2, ['digest', app(':v4')]);
  });

  it('a blob is pushed, read, looked for, and copied to and from a layout', async () => {
    const content = Buffer.from('hello world');
    const digest = digestOf(content);
    const put = await machine.expect(0, ['blob-put', app('')], { input: content });
    expect(put.stdout).toBe(`${digest}\n`);
    await machine.expect(0, ['blob', '--head', app(`@${digest}`)]);
    const wrong = digestOf(Buffer.from('other'));
    await machine.expect(5, ['blob-put', '--digest', wrong, app('')], { input: content });
    await machine.expect(2, ['blob', '--head', app(`@${wrong}`)]);

    await machine.expect(0, ['blob-copy', app(''), 'oci:out', digest]);
    const path = machine.dir.join('out/blobs/sha256', digest.slice('sha256:'.length));
    expect(await readFile(path)).toEqual(content);
    const read = await machine.expect(0, ['blob', `oci:layout@${layer()}`]);
    expect(digestOf(read.bytes)).toBe(layer());
    await machine.expect(2, ['blob-copy', 'oci:layout', app(''), wrong]);
  });

  it('lists begin after a name, and names are printed in full', async () => {
    await machine.expect(0, ['tag', app(':v1'), 'v5', 'v6']);
    const after = await machine.expect(0, ['tags', '--last', 'v5', '--full-ref', app('')]);
    expect(after.stdout).toBe(`${app(':v6')}\n`);
    const catalog = await machine.expect(0, ['catalog', '--full-ref', registry.url.host]);
    expect(catalog.stdout).toBe(`${app('')}\n`);
    expect((await machine.expect(0, ['catalog', '--last', 'app', registry.url.host])).stdout).toBe(
      '',
    );
    const full = await machine.expect(0, ['digest', '--full-ref', app(':v1')]);
    expect(full.stdout).toBe(`${app('')}@${image.root.digest}\n`);
  });

  it('a delete of what is not there succeeds if that was asked for', async () => {
    await machine.expect(2, ['delete', app(':none')]);
    await machine.expect(0, ['delete', '--ignore-missing', app(':none')]);
  });

  it('copy --all-tags --missing leaves the tags that the destination has', async () => {
    const other = await makeImage({ layers: 1 });
    await pushImage(registry.url.origin, 'to', ['v1'], other);
    await machine.expect(0, [
      'copy',
      '--all-tags',
      '--missing',
      app(''),
      `${registry.url.host}/to`,
    ]);
    const kept = await machine.expect(0, ['digest', `${registry.url.host}/to:v1`]);
    expect(kept.stdout.trim()).toBe(other.root.digest);
    await machine.expect(0, ['digest', `${registry.url.host}/to:v5`]);
    await machine.expect(64, ['copy', '--missing', app(':v1'), `${registry.url.host}/to:v1`]);
  });
});

describe("regclient's configuration", () => {
  it('is written by registry set, and its logins are used and not printed', async () => {
    await using machine = await newMachine();
    const file = machine.dir.join('regctl.json');
    const env = { REGCTL_CONFIG: file };
    const set = ['registry', 'set', '--skip-check', 'r.example.com', '--tls', 'insecure'];
    await machine.expect(0, set, { env });
    const written = JSON.parse(await readFile(file, 'utf8')) as {
      hosts: Record<string, Record<string, unknown>>;
    };
    expect(written.hosts['r.example.com']).toEqual({ hostname: 'r.example.com', tls: 'insecure' });
    Object.assign(written.hosts['r.example.com'] ?? {}, { user: 'ann', pass: 'geheim' });
    await writeFile(file, JSON.stringify(written), { mode: 0o600 });
    const who = await machine.expect(0, ['registry', 'whoami', 'r.example.com'], { env });
    expect(who.stdout).toBe('ann\n');
    const shown = await machine.expect(0, ['registry', 'config', 'r.example.com'], { env });
    expect(shown.stdout).toContain('"tls": "insecure"');
    expect(shown.stdout + shown.stderr).not.toContain('geheim');
  });
});
