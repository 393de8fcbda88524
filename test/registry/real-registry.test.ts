import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import type { Repository } from '../../src/registry/types.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { bytesFrom, listAll, plainClient } from './harness.ts';

const config = Buffer.from('{}');
const blob = {
  mediaType: MEDIA_TYPE.ociConfig,
  digest: digestOf(config),
  size: config.byteLength,
};
const raw = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: blob,
    layers: [],
  }),
);

/** Debian's docker-registry: what registry:2 really answers. */
describe('against docker-registry', () => {
  let registry: DockerRegistry;
  let repository: Repository;
  const open = (name: string): Repository =>
    client().repository({ registry: 'reg.example', repository: name, access: 'push' });
  const client = () =>
    createRegistryClient({
      request: plainClient,
      endpoint: async () => new URL(registry.origin),
      warn: (text) => {
        throw new Error(text);
      },
    });

  beforeAll(async () => {
    registry = await startDockerRegistry();
    repository = open('a/b');
    await repository.putBlob(sourceFromBytes(blob, config));
    await repository.putManifest('v1', raw, MEDIA_TYPE.ociManifest);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  it('answers the ping', async () => {
    await expect(client().ping('reg.example')).resolves.toBeUndefined();
  });

  it('gives back what was written', async () => {
    const head = await repository.headManifest('v1');
    const found = await repository.getManifest(digestOf(raw));
    expect(head?.descriptor).toEqual(found.descriptor);
    expect(Buffer.from(found.raw)).toEqual(raw);
    expect(await bytesFrom(await repository.getBlob(blob))).toEqual(config);
    expect(await repository.hasBlob(blob.digest)).toEqual({ size: config.byteLength });
  });

  it('mounts, and stores an empty blob', async () => {
    const other = open('c/d');
    const mounted = await other.putBlob(sourceFromBytes(blob, config), { mountFrom: ['a/b'] });
    expect(mounted).toBe('mounted');
    const nothing = Buffer.alloc(0);
    const empty = { ...blob, digest: digestOf(nothing), size: 0 };
    expect(await other.putBlob(sourceFromBytes(empty, nothing), { mountFrom: ['x/y'] })).toBe(
      'written',
    );
  });

  it('lists tags, repositories and no referrers', async () => {
    expect(await listAll(repository.tags())).toEqual(['v1']);
    expect(await listAll(client().catalog('reg.example', { pageSize: 1 }))).toContain('a/b');
    expect(await Array.fromAsync(repository.referrers(digestOf(raw)))).toEqual([]);
  });

  it('refuses a manifest whose blobs are missing, in words the copy understands', async () => {
    const put = open('e/f').putManifest('v1', raw, MEDIA_TYPE.ociManifest);
    await expect(put).rejects.toMatchObject({
      errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }],
    });
  });

  it('has no names for what does not exist', async () => {
    const none = open('no/where');
    expect(await none.headManifest('v1')).toBeUndefined();
    await expect(none.getManifest('v1')).rejects.toMatchObject({ exitStatus: 2 });
    await expect(listAll(none.tags())).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
    await expect(none.getBlob(blob)).rejects.toMatchObject({ exitStatus: 2 });
  });

  it('deletes by digest and cannot untag', async () => {
    const other = open('g/h');
    await other.putBlob(sourceFromBytes(blob, config));
    await other.putManifest('v1', raw, MEDIA_TYPE.ociManifest);
    await expect(other.deleteTag('v1')).rejects.toMatchObject({ code: 'UNTAG_UNSUPPORTED' });
    await other.deleteManifest(digestOf(raw));
    expect(await other.headManifest('v1')).toBeUndefined();
    await expect(other.deleteManifest(digestOf(raw))).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  it('says how to switch deleting on', async () => {
    await using locked = await startDockerRegistry({ allowDelete: false });
    const at = createRegistryClient({
      request: plainClient,
      endpoint: async () => new URL(locked.origin),
      warn: () => {},
    }).repository({ registry: 'reg.example', repository: 'a/b', access: 'delete' });
    await expect(at.deleteManifest(digestOf(raw))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('REGISTRY_STORAGE_DELETE_ENABLED') as string,
    });
  });
});
