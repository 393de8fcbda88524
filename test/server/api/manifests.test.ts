import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import type { RegistryServer } from '../../../src/server/server.ts';
import {
  artifact,
  codeOf,
  imageManifest,
  pushBlob,
  putManifest,
  startServer,
  type Send,
} from '../client.ts';

let server: RegistryServer;
let send: Send;
const config = Buffer.from('{"os":"linux"}');
beforeAll(async () => {
  ({ server, send } = await startServer());
  await pushBlob(send, 'app', config);
});
afterAll(() => server.close());

describe('manifest', () => {
  it('comes back byte for byte, by tag and by digest, with GET and HEAD', async () => {
    const image = imageManifest(config);
    const put = await putManifest(send, 'app', 'v1', image);
    expect([put.status, put.headers.location]).toEqual([201, `/v2/app/manifests/${image.digest}`]);
    expect(put.headers['docker-content-digest']).toBe(image.digest);
    for (const reference of ['v1', image.digest, image.digest.replace(':', '%3A')]) {
      const get = await send('GET', `/v2/app/manifests/${reference}`);
      expect(get.body.equals(image.raw)).toBe(true);
      const head = await send('HEAD', `/v2/app/manifests/${reference}`);
      expect(head.body.byteLength).toBe(0);
      for (const { status, headers } of [get, head]) {
        expect(status).toBe(200);
        expect(headers).toMatchObject({
          'content-type': MEDIA_TYPE.ociManifest,
          'content-length': String(image.raw.byteLength),
          'docker-content-digest': image.digest,
          etag: `"${image.digest}"`,
        });
      }
    }
    const same = await send('GET', '/v2/app/manifests/v1', {
      headers: { 'if-none-match': `"${image.digest}"` },
    });
    expect([same.status, same.body.byteLength]).toEqual([304, 0]);
  });

  it('is stored under its sha512 digest when it is pushed so, with the tags asked for', async () => {
    const image = imageManifest(config, { annotations: { n: '512' } });
    const digest = digestOf(image.raw, 'sha512');
    const put = await putManifest(send, 'app', `${digest}?tag=a.1&tag=a.2`, image);
    expect([put.status, put.headers['docker-content-digest'], put.headers['oci-tag']]).toEqual([
      201,
      digest,
      'a.1, a.2',
    ]);
    expect((await send('HEAD', '/v2/app/manifests/a.2')).headers['docker-content-digest']).toBe(
      digest,
    );
  });

  it.each([
    ['another digest', digestOf(Buffer.from('x')), {}, 400, 'DIGEST_INVALID'],
    ['an impossible tag', '.hidden', {}, 400, 'TAG_INVALID'],
    ['a digest that is a path', 'sha256:..%2f..%2fetc', {}, 404, 'UNSUPPORTED'],
    ['both layers and manifests', 'x', { manifests: [] }, 400, 'MANIFEST_INVALID'],
    ['another media type', 'x', { mediaType: MEDIA_TYPE.ociIndex }, 400, 'MANIFEST_INVALID'],
    [
      'an unknown layer',
      'x',
      {
        layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: digestOf(Buffer.from('y')), size: 1 }],
      },
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    [
      'a layer of another size',
      'x',
      { layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: digestOf(config), size: 1 }] },
      400,
      'SIZE_INVALID',
    ],
  ])('is refused with %s', async (_what, reference, extra, status, code) => {
    const image = { ...imageManifest(config, extra), mediaType: MEDIA_TYPE.ociManifest };
    const answer = await putManifest(send, 'app', reference, image);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('is refused when its blobs are in another repository only', async () => {
    const answer = await putManifest(send, 'elsewhere', 'v1', imageManifest(config));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
  });

  it('may point at foreign layers that the registry does not have', async () => {
    const digest = digestOf(Buffer.from('far away'));
    const layers = [
      { mediaType: MEDIA_TYPE.dockerForeignLayer, digest, size: 8, urls: ['https://example.com'] },
    ];
    const answer = await putManifest(send, 'app', 'foreign', imageManifest(config, { layers }));
    expect(answer.status).toBe(201);
  });

  it('needs its children when it is an index', async () => {
    const child = imageManifest(config, { annotations: { child: 'yes' } });
    const { mediaType, digest, raw } = child;
    const index = artifact({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [{ mediaType, digest, size: raw.byteLength }],
    });
    const early = await putManifest(send, 'app', 'multi', index);
    expect([early.status, codeOf(early)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    expect((await putManifest(send, 'app', digest, child)).status).toBe(201);
    expect((await putManifest(send, 'app', 'multi', index)).status).toBe(201);
  });

  it.each([false, true])('of more than 4 MiB gets 413 (chunked: %s)', async (chunked) => {
    const answer = await send('PUT', '/v2/app/manifests/huge', {
      headers: { 'content-type': MEDIA_TYPE.ociManifest },
      body: Buffer.alloc(4 * 1024 * 1024 + 1, 0x20),
      chunked,
    });
    expect([answer.status, codeOf(answer)]).toEqual([413, 'SIZE_INVALID']);
  });

  it('that is unknown gets 404, with the repository told apart', async () => {
    const unknown = digestOf(Buffer.from('unknown'));
    const cases = [
      ['/v2/app/manifests/nope', 404, 'MANIFEST_UNKNOWN'],
      [`/v2/app/manifests/${unknown}`, 404, 'MANIFEST_UNKNOWN'],
      ['/v2/app/manifests/.nope', 404, 'MANIFEST_UNKNOWN'],
      ['/v2/void/manifests/nope', 404, 'NAME_UNKNOWN'],
      ['/v2/UPPER/manifests/nope', 400, 'NAME_INVALID'],
      ['/v2/a/../b/manifests/nope', 400, 'NAME_INVALID'],
      ['/v2/a/%2e%2e/%2e%2e/manifests/nope', 400, 'NAME_INVALID'],
      ['/v2/app/_manifests/manifests/nope', 400, 'NAME_INVALID'],
      [`/v2/${'a'.repeat(256)}/manifests/nope`, 400, 'NAME_INVALID'],
      ['/v2/app/manifests/sha256:abc', 400, 'DIGEST_INVALID'],
    ] as const;
    for (const [path, status, code] of cases) {
      const answer = await send('GET', path);
      expect([path, answer.status, codeOf(answer)]).toEqual([path, status, code]);
    }
  });
});

describe('delete', () => {
  it('by tag removes the tag alone; by digest the manifest and every tag', async () => {
    const image = imageManifest(config, { annotations: { about: 'deletion' } });
    for (const tag of ['d1', 'd2', 'd3']) await putManifest(send, 'app', tag, image);
    expect((await send('DELETE', '/v2/app/manifests/d1')).status).toBe(202);
    expect((await send('GET', '/v2/app/manifests/d1')).status).toBe(404);
    expect((await send('GET', '/v2/app/manifests/d2')).status).toBe(200);
    expect((await send('DELETE', `/v2/app/manifests/${image.digest}`)).status).toBe(202);
    expect((await send('GET', '/v2/app/manifests/d2')).status).toBe(404);
    const again = await send('DELETE', `/v2/app/manifests/${image.digest}`);
    expect([again.status, codeOf(again)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  it('of a blob removes the link of one repository', async () => {
    const blob = Buffer.from('to be deleted');
    const digest = await pushBlob(send, 'del/a', blob);
    await pushBlob(send, 'del/b', blob);
    expect((await send('DELETE', `/v2/del/a/blobs/${digest}`)).status).toBe(202);
    const again = await send('DELETE', `/v2/del/a/blobs/${digest}`);
    expect([again.status, codeOf(again)]).toEqual([404, 'BLOB_UNKNOWN']);
    expect((await send('GET', `/v2/del/b/blobs/${digest}`)).status).toBe(200);
  });
});

describe('referrers', () => {
  const subject = {
    mediaType: MEDIA_TYPE.ociManifest,
    digest: digestOf(Buffer.from('s')),
    size: 1,
  };
  const list = async (query = '') => send('GET', `/v2/app/referrers/${subject.digest}${query}`);

  it('are an empty index for an unknown subject, even in an unknown repository', async () => {
    const answer = await send('GET', `/v2/nobody/referrers/${digestOf(Buffer.from('?'))}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, MEDIA_TYPE.ociIndex]);
    expect(answer.json).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [],
    });
    expect((await send('GET', '/v2/app/referrers/v1')).status).toBe(400);
  });

  it('carry type and annotations, and can be filtered by type', async () => {
    const annotations = { made: 'by hand' };
    const typed = imageManifest(config, { subject, artifactType: 'test/sbom', annotations });
    const untyped = imageManifest(config, { subject });
    const index = artifact({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [],
      subject,
    });
    for (const one of [typed, untyped, index]) {
      const put = await putManifest(send, 'app', one.digest, one);
      expect([put.status, put.headers['oci-subject']]).toEqual([201, subject.digest]);
    }
    const of = (one: typeof typed) => ({
      mediaType: one.mediaType,
      digest: one.digest,
      size: one.raw.byteLength,
    });
    const all = await list();
    const { manifests } = all.json as { manifests: object[] };
    expect(manifests).toHaveLength(3);
    expect(manifests).toEqual(
      expect.arrayContaining([
        { ...of(typed), artifactType: 'test/sbom', annotations },
        { ...of(untyped), artifactType: 'application/vnd.test.config+json' },
        of(index),
      ]),
    );
    expect(all.headers['oci-filters-applied']).toBeUndefined();
    const filtered = await list('?artifactType=test%2Fsbom');
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType');
    expect(filtered.json).toMatchObject({ manifests: [{ digest: typed.digest }] });
    await send('DELETE', `/v2/app/manifests/${typed.digest}`);
    expect((await list('?artifactType=test%2Fsbom')).json).toMatchObject({ manifests: [] });
  });

  it('come in pages that every client can hold', async () => {
    const big = { ...subject, digest: digestOf(Buffer.from('big')) };
    const digests: string[] = [];
    for (const n of ['1', '2', '3']) {
      const annotations = { n, filler: 'f'.repeat(1_500_000) };
      const one = imageManifest(config, { subject: big, annotations });
      digests.push(one.digest);
      expect((await putManifest(send, 'app', one.digest, one)).status).toBe(201);
    }
    const seen: string[] = [];
    let path: string | undefined = `/v2/app/referrers/${big.digest}`;
    while (path !== undefined && seen.length < 10) {
      const answer = await send('GET', path);
      expect(answer.body.byteLength).toBeLessThan(4 * 1024 * 1024);
      const { manifests } = answer.json as { manifests: { digest: string }[] };
      seen.push(...manifests.map((one) => one.digest));
      path = /^<(?<next>[^>]+)>; rel="next"$/.exec(String(answer.headers['link']))?.groups?.[
        'next'
      ];
    }
    expect(seen).toEqual(digests.sort());
  });
});
