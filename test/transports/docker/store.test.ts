import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { referrersTag } from '../../../src/registry/lists/referrers.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import { createRegistryStore } from '../../../src/transports/docker/store.ts';
import type { Reply, Script } from '../../helpers/scripted-server.ts';
import { startRegistry } from '../../registry/harness.ts';

const raw = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] }),
);
const index = { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(raw), size: raw.byteLength };
const data = Buffer.from('layer');
const layer = { mediaType: MEDIA_TYPE.ociLayerGzip, digest: digestOf(data), size: data.byteLength };
const manifest: Reply = {
  status: 200,
  headers: {
    'content-type': index.mediaType,
    'docker-content-digest': index.digest,
    'content-length': String(raw.byteLength),
  },
  body: raw,
};
const BLOB = `/v2/a/b/blobs/${layer.digest}`;
const PROBE = `mount=${encodeURIComponent(layer.digest)}&from=a%2Fb`;
const MOUNTED: Reply = { status: 201, headers: { location: BLOB } };
const UPLOADS = '/v2/a/b/blobs/uploads/';

const upload = (request: { method: string }): Reply => {
  if (request.method === 'HEAD') return { status: 404 };
  return request.method === 'POST'
    ? { status: 202, headers: { location: '/up' } }
    : { status: 201 };
};

describe('reading', () => {
  it('resolves and fetches a manifest by one GET', async () => {
    await using at = await startRegistry(() => manifest);
    const store = createRegistryStore(at.repository());
    const found = await store.resolve(undefined, { purpose: 'content' });
    expect(found).toEqual(index);
    expect(Buffer.from(await fetchAll(store, found))).toEqual(raw);
    expect(at.server.lines).toEqual(['GET /v2/a/b/manifests/latest']);
  });

  it('resolves by a HEAD when the content is not wanted', async () => {
    await using at = await startRegistry(() => ({ ...manifest, body: '' }));
    const store = createRegistryStore(at.repository());
    expect(await store.resolve('v1')).toEqual(index);
    expect(await store.has(index)).toBe(true);
    expect(at.server.lines).toEqual(['HEAD /v2/a/b/manifests/v1']);
  });

  it('reads at once where it is not known yet what will be wanted', async () => {
    await using at = await startRegistry(() => manifest);
    const store = createRegistryStore(at.repository());
    const never = new Promise<'descriptor'>(() => undefined);
    expect(await store.resolve('v1', { purpose: never })).toEqual(index);
    expect(Buffer.from(await fetchAll(store, index))).toEqual(raw);
    expect(at.server.lines).toEqual(['GET /v2/a/b/manifests/v1']);
  });

  it('spends no pull of Docker Hub before it is known to be needed', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'HEAD' ? { ...manifest, body: '' } : manifest,
    );
    const store = createRegistryStore({ ...at.repository(), registry: 'docker.io' });
    await store.resolve('v1', { purpose: Promise.resolve('descriptor' as const) });
    expect(at.server.lines).toEqual(['HEAD /v2/a/b/manifests/v1']);
    const failure = new AppError('NETWORK', 'the other side');
    const purpose = Promise.reject<'content'>(failure);
    purpose.catch(() => undefined);
    await expect(store.resolve('v1', { purpose })).rejects.toBe(failure);
    const never = new Promise<'descriptor'>(() => undefined);
    const stopped = AbortSignal.abort(failure);
    await expect(store.resolve('v1', { purpose: never, signal: stopped })).rejects.toBe(failure);
    expect(at.server.lines.filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  it('confirms by one GET that there is nothing, and not where that may be taken on trust', async () => {
    await using at = await startRegistry(() => ({ status: 404 }));
    const store = createRegistryStore(at.repository());
    await expect(store.resolve('v1')).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: 'reg.example/a/b:v1 does not exist',
    });
    await expect(store.resolve('v1', { trustAbsence: true })).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    expect(at.server.lines).toEqual([
      'HEAD /v2/a/b/manifests/v1',
      'GET /v2/a/b/manifests/v1',
      'HEAD /v2/a/b/manifests/v1',
    ]);
  });

  it.each([403, 404])('a HEAD answered %i is no fact where GET answers 200', async (status) => {
    await using at = await startRegistry(({ method }) =>
      method === 'HEAD' ? { status } : manifest,
    );
    const store = createRegistryStore(at.repository());
    const found = await store.resolve('v1');
    expect(found).toEqual(index);
    // What the GET brought need not be asked for again.
    expect(Buffer.from(await fetchAll(store, found))).toEqual(raw);
    expect(at.server.lines).toHaveLength(2);
  });

  it('takes manifests and blobs from their own places', async () => {
    await using at = await startRegistry((request) =>
      request.path.includes('/blobs/') ? { status: 200, body: data } : manifest,
    );
    const store = createRegistryStore(at.repository());
    await fetchAll(store, index);
    await fetchAll(store, layer);
    expect(at.server.lines).toEqual([`GET /v2/a/b/manifests/${index.digest}`, `GET ${BLOB}`]);
  });

  it('refuses a manifest that is longer than its descriptor says', async () => {
    await using at = await startRegistry(() => manifest);
    const store = createRegistryStore(at.repository());
    await expect(store.fetch({ ...index, size: index.size - 1 })).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('serves embedded content without a request, but only when it is true', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: data }));
    const store = createRegistryStore(at.repository());
    const honest = { ...layer, data: data.toString('base64') };
    expect(Buffer.from(await fetchAll(store, honest))).toEqual(data);
    expect(at.server.lines).toEqual([]);
    const forged = { ...layer, data: Buffer.from('forge').toString('base64') };
    expect(Buffer.from(await fetchAll(store, forged))).toEqual(data);
    expect(at.server.lines).toEqual([`GET ${BLOB}`]);
  });
});

describe('pushing', () => {
  const PUT = `PUT /up?digest=${encodeURIComponent(layer.digest)}`;

  it('asks for a blob once and remembers it', async () => {
    await using at = await startRegistry(upload);
    const store = createRegistryStore(at.repository('push'));
    expect(await store.push(sourceFromBytes(layer, data))).toBe('written');
    expect(await store.push(sourceFromBytes(layer, data))).toBe('present');
    expect(await store.has(layer)).toBe(true);
    expect(at.server.lines).toEqual([`POST ${UPLOADS}?${PROBE}`, PUT]);
    expect(new Set(at.scopes)).toEqual(new Set(['repository:a/b:pull,push']));
  });

  it('does not ask again what has() just answered', async () => {
    await using at = await startRegistry(upload);
    const store = createRegistryStore(at.repository('push'));
    expect(await store.has(layer)).toBe(false);
    await store.push(sourceFromBytes(layer, data));
    expect(at.server.lines).toEqual([`HEAD ${BLOB}`, `POST ${UPLOADS}`, PUT]);
  });

  it('leaves a blob alone that is there', async () => {
    await using at = await startRegistry(() => MOUNTED);
    const store = createRegistryStore(at.repository('push'));
    expect(await store.push(sourceFromBytes(layer, data))).toBe('present');
    expect(at.server.lines).toEqual([`POST ${UPLOADS}?${PROBE}`]);
  });

  it('mounts', async () => {
    await using at = await startRegistry(() => MOUNTED);
    const store = createRegistryStore(at.repository('push'));
    expect(await store.push(sourceFromBytes(layer, data), { mountFrom: ['c/d'] })).toBe('mounted');
    expect(at.server.lines).toHaveLength(1);
  });

  it('writes a manifest by its tag, or else by its digest, by one PUT', async () => {
    await using at = await startRegistry(() => ({ status: 201 }));
    const store = createRegistryStore(at.repository('push'));
    expect(await store.push(sourceFromBytes(index, raw), { tag: 'v1' })).toBe('written');
    expect(await store.push(sourceFromBytes(index, raw))).toBe('present');
    const other = createRegistryStore(at.repository('push'));
    expect(await other.push(sourceFromBytes(index, raw))).toBe('written');
    expect(at.server.lines).toEqual([
      'PUT /v2/a/b/manifests/v1',
      `PUT /v2/a/b/manifests/${index.digest}`,
    ]);
  });

  it('sends no manifest that is not what its descriptor says', async () => {
    await using at = await startRegistry(() => undefined);
    const store = createRegistryStore(at.repository('push'));
    const forged = sourceFromBytes(index, Buffer.from(raw).fill(0x20));
    await expect(store.push(forged, { tag: 'v1' })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('tags with the bytes as they are', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'GET' ? manifest : { status: 201 },
    );
    const store = createRegistryStore(at.repository('push'));
    await store.tag(index, 'v2');
    await store.tag(index, 'v3');
    expect(at.server.lines).toEqual([
      `GET /v2/a/b/manifests/${index.digest}`,
      'PUT /v2/a/b/manifests/v2',
      'PUT /v2/a/b/manifests/v3',
    ]);
    expect(at.server.requests[1]?.body).toEqual(raw);
  });

  it('forgets a manifest that it removed', async () => {
    await using at = await startRegistry((request) => ({
      status: request.method === 'DELETE' ? 202 : request.method === 'HEAD' ? 404 : 201,
    }));
    const store = createRegistryStore(at.repository('push'));
    await store.push(sourceFromBytes(index, raw));
    await store.capabilities.remove?.removeManifest(index.digest);
    expect(await store.has(index)).toBe(false);
  });
});

describe('a manifest with a subject', () => {
  const config = { mediaType: 'application/spdx+json', digest: layer.digest, size: layer.size };
  const named = (name: string) => {
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        config,
        layers: [],
        subject: index,
        annotations: { name },
      }),
    );
    const descriptor = {
      mediaType: MEDIA_TYPE.ociManifest,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    };
    return { bytes, descriptor };
  };
  const tag = `/v2/a/b/manifests/${referrersTag(index.digest)}`;

  it('costs nothing more where the registry keeps referrers', async () => {
    await using at = await startRegistry(() => ({
      status: 201,
      headers: { 'oci-subject': index.digest },
    }));
    const { bytes, descriptor } = named('one');
    await createRegistryStore(at.repository('push')).push(sourceFromBytes(descriptor, bytes));
    expect(at.server.lines).toEqual([`PUT /v2/a/b/manifests/${descriptor.digest}`]);
  });

  it('joins the fallback tag where it does not, one writer at a time', async () => {
    let stored: Buffer | undefined;
    await using at = await startRegistry((request) => {
      if (request.method === 'PUT') {
        if (request.path === tag) stored = request.body;
        return { status: 201 };
      }
      return stored === undefined
        ? { status: 404 }
        : { status: 200, headers: { 'content-type': MEDIA_TYPE.ociIndex }, body: stored };
    });
    const store = createRegistryStore(at.repository('push'));
    const nodes = [named('one'), named('two')];
    await Promise.all(nodes.map((one) => store.push(sourceFromBytes(one.descriptor, one.bytes))));
    const again = createRegistryStore(at.repository('push'));
    await again.push(sourceFromBytes(nodes[0]!.descriptor, nodes[0]!.bytes));
    const body = JSON.parse(String(stored)) as { manifests: { annotations: { name: string } }[] };
    expect(body.manifests.map((one) => one.annotations.name).toSorted()).toEqual(['one', 'two']);
    expect(body.manifests[0]).toMatchObject({ artifactType: 'application/spdx+json' });
    expect(at.server.lines.filter((line) => line === `PUT ${tag}`)).toHaveLength(2);
  });

  it('takes the additions that wait for their turn at once', async () => {
    const nodes = ['one', 'two', 'three', 'four', 'five'].map(named);
    const all = Promise.withResolvers<void>();
    let pushed = 0;
    let stored: Buffer | undefined;
    await using at = await startRegistry(async (request) => {
      if (request.method === 'PUT') {
        if (request.path === tag) stored = request.body;
        else pushed += 1;
        if (pushed === nodes.length) all.resolve();
        return { status: 201 };
      }
      await all.promise;
      return stored === undefined
        ? { status: 404 }
        : { status: 200, headers: { 'content-type': MEDIA_TYPE.ociIndex }, body: stored };
    });
    const store = createRegistryStore(at.repository('push'));
    await Promise.all(nodes.map((one) => store.push(sourceFromBytes(one.descriptor, one.bytes))));
    const body = JSON.parse(String(stored)) as { manifests: { annotations: { name: string } }[] };
    expect(body.manifests.map((one) => one.annotations.name).toSorted()).toEqual([
      'five',
      'four',
      'one',
      'three',
      'two',
    ]);
    expect(at.server.lines.filter((line) => line === `PUT ${tag}`)).toHaveLength(2);
  });

  it('writes again what another writer put out, and tells the registry what it has seen', async () => {
    const [mine, theirs] = [named('mine'), named('theirs')];
    const listOf = (...some: readonly { readonly descriptor: object }[]): Buffer =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPE.ociIndex,
          'x-own': 1,
          manifests: some.map(({ descriptor }) => descriptor),
        }),
      );
    let stored = listOf();
    const matches: unknown[] = [];
    await using at = await startRegistry((request) => {
      if (request.method === 'PUT' && request.path !== tag) return { status: 201 };
      if (request.method === 'PUT') {
        matches.push(request.headers['if-match']);
        if (matches.length === 1) stored = listOf(theirs);
        if (matches.length === 2) stored = request.body;
        return { status: matches.length === 1 ? 412 : 201 };
      }
      const headers = {
        'content-type': MEDIA_TYPE.ociIndex,
        etag: `"${digestOf(stored)}"`,
      };
      return { status: 200, headers, body: stored };
    });
    await createRegistryStore(at.repository('push')).push(
      sourceFromBytes(mine.descriptor, mine.bytes),
    );
    expect(matches).toEqual([`"${digestOf(listOf())}"`, `"${digestOf(listOf(theirs))}"`]);
    expect(
      (JSON.parse(String(stored)) as { manifests: { digest: string }[] }).manifests.map(
        ({ digest }) => digest,
      ),
    ).toEqual([theirs.descriptor.digest, mine.descriptor.digest]);
  });

  it('takes the subject, which a registry answers for its own digest as a tag, for no list', async () => {
    let stored: Buffer | undefined;
    await using at = await startRegistry((request) => {
      if (request.path.includes('/referrers/')) return { status: 404 };
      if (request.method === 'PUT') {
        if (request.path === tag) stored = request.body;
        return { status: 201 };
      }
      if (stored === undefined) return manifest;
      return { status: 200, headers: { 'content-type': MEDIA_TYPE.ociIndex }, body: stored };
    });
    const store = createRegistryStore(at.repository('push'));
    const list = () => Array.fromAsync(store.capabilities.referrers!.referrers(index.digest));
    expect(await list()).toEqual([]);
    const { descriptor, bytes } = named('one');
    await store.push(sourceFromBytes(descriptor, bytes));
    expect((await list()).map(({ digest }) => digest)).toEqual([descriptor.digest]);
  });

  describe('that is deleted', () => {
    const [one, two] = [named('one'), named('two')];
    const foreign = { ...two.descriptor, 'x-unknown': [1] };
    const listed = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [one.descriptor, foreign],
      annotations: { kept: 'yes' },
    };

    /** A registry with `one`, and what its fallback tag has. */
    const registry = (initial: object | undefined, refuse: (puts: number) => boolean) => {
      let stored: Buffer | undefined =
        initial === undefined ? undefined : Buffer.from(JSON.stringify(initial));
      const puts: { match: unknown; body: Buffer }[] = [];
      const script: Script = ({ method, path, headers, body }) => {
        if (method === 'DELETE') return { status: 202 };
        if (path !== tag) {
          return {
            status: 200,
            headers: { 'content-type': MEDIA_TYPE.ociManifest },
            body: one.bytes,
          };
        }
        if (method === 'PUT') {
          puts.push({ match: headers['if-match'], body });
          if (refuse(puts.length)) return { status: 412 };
          stored = body;
          return { status: 201 };
        }
        if (stored === undefined) return { status: 404 };
        const etag = `"${digestOf(stored)}"`;
        return {
          status: 200,
          headers: { 'content-type': MEDIA_TYPE.ociIndex, etag },
          body: stored,
        };
      };
      return { puts, script, now: () => JSON.parse(String(stored)) as unknown };
    };
    const deleteOne = async (script: Script): Promise<readonly string[]> => {
      await using at = await startRegistry(script);
      const store = createRegistryStore(at.repository('delete'));
      await store.capabilities.remove?.removeManifest(one.descriptor.digest);
      return at.server.lines;
    };

    it.each([0, 1])('loses its line and no other, after %i writers that were faster', async (n) => {
      const { puts, script, now } = registry(listed, (count) => count <= n);
      const lines = await deleteOne(script);
      expect(now()).toEqual({ ...listed, manifests: [foreign] });
      expect(puts).toHaveLength(n + 1);
      expect(puts[0]?.match).toBe(`"${digestOf(Buffer.from(JSON.stringify(listed)))}"`);
      const at = lines.findIndex((line) => line.startsWith('DELETE'));
      expect(lines.slice(0, at + 2)).toEqual([
        `GET /v2/a/b/manifests/${one.descriptor.digest}`,
        `DELETE /v2/a/b/manifests/${one.descriptor.digest}`,
        `GET ${tag}`,
      ]);
    });

    it.each([
      ['is not listed', { ...listed, manifests: [foreign] }],
      ['has no list', undefined],
      ['has an image in the place of the list', JSON.parse(String(two.bytes)) as object],
    ])('changes nothing where it %s', async (_name, initial) => {
      const { puts, script } = registry(initial, () => false);
      await deleteOne(script);
      expect(puts).toEqual([]);
    });

    it('has no list where the repository went with its last manifest', async () => {
      const { puts, script } = registry(undefined, () => false);
      const gone: Script = (request, count) =>
        request.path === tag
          ? { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' }
          : script(request, count);
      await deleteOne(gone);
      expect(puts).toEqual([]);
    });

    it('leaves the list alone when the registry does not delete', async () => {
      const { puts, script } = registry(listed, () => false);
      const refusing: Script = (request, count) =>
        request.method === 'DELETE' ? { status: 405 } : script(request, count);
      await expect(deleteOne(refusing)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      expect(puts).toEqual([]);
    });

    it('says so when its line cannot be taken out', async () => {
      const { script } = registry(listed, () => true);
      await expect(deleteOne(script)).rejects.toMatchObject({
        code: 'REGISTRY_ERROR',
        message: expect.stringContaining('is deleted, but') as string,
        cause: { message: expect.stringContaining('which was deleted') as string },
      });
    });

    it('says so when the account may not change the list', async () => {
      const { script, now } = registry(listed, () => false);
      const refusing: Script = (request, count) =>
        request.method === 'PUT' ? { status: 403 } : script(request, count);
      await expect(deleteOne(refusing)).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: expect.stringContaining('is deleted, but') as string,
      });
      expect(now()).toEqual(listed);
    });
  });

  it('costs one request to delete what can have no subject', async () => {
    const type = MEDIA_TYPE.dockerManifest;
    await using at = await startRegistry(({ method }) =>
      method === 'HEAD'
        ? { ...manifest, headers: { ...manifest.headers, 'content-type': type }, body: '' }
        : { status: 202 },
    );
    const store = createRegistryStore(at.repository('delete'));
    const { digest } = await store.resolve('v1');
    await store.capabilities.remove?.removeManifest(digest);
    expect(at.server.lines).toEqual([
      'HEAD /v2/a/b/manifests/v1',
      `DELETE /v2/a/b/manifests/${digest}`,
    ]);
  });

  it('says so when the list never keeps the entry', async () => {
    const { bytes, descriptor } = named('one');
    await using at = await startRegistry((request) =>
      request.method === 'PUT' ? { status: 201 } : { status: 404 },
    );
    const store = createRegistryStore(at.repository('push'));
    await expect(store.push(sourceFromBytes(descriptor, bytes))).rejects.toMatchObject({
      code: 'REGISTRY_ERROR',
    });
    expect(at.server.lines.filter((line) => line === `PUT ${tag}`)).toHaveLength(5);
  });

  it('does not overwrite an image under that tag', async () => {
    const { bytes, descriptor } = named('one');
    await using at = await startRegistry((request) =>
      request.method === 'PUT' ? { status: 201 } : { status: 200, body: bytes },
    );
    const store = createRegistryStore(at.repository('push'));
    await expect(store.push(sourceFromBytes(descriptor, bytes))).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
    });
    expect(at.server.lines).toHaveLength(2);
  });
});
