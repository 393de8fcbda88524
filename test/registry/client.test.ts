import { describe, expect, it } from 'vitest';
import { createRegistryClient } from '../../src/registry/client.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { testClient } from '../http/setup.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { referrersTag } from '../../src/registry/lists/referrers.ts';
import type { Reply } from '../helpers/scripted-server.ts';
import { startRegistry } from './harness.ts';

const digest = digestOf(Buffer.from('subject'));
const sbom = {
  mediaType: MEDIA_TYPE.ociManifest,
  digest: digestOf(Buffer.from('sbom')),
  size: 4,
  artifactType: 'application/spdx+json',
};
const signature = {
  ...sbom,
  digest: digestOf(Buffer.from('signature')),
  artifactType: 'application/sig',
};
const index = (manifests: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': MEDIA_TYPE.ociIndex },
  body: JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }),
});

describe('referrers', () => {
  const api = `GET /v2/a/b/referrers/${digest}`;
  const tag = `GET /v2/a/b/manifests/${referrersTag(digest)}`;

  it('come from the API, filtered here as well', async () => {
    await using at = await startRegistry(() => index([sbom, signature, null]));
    const found = await Array.fromAsync(
      at.repository().referrers(digest, { artifactType: 'application/spdx+json' }),
    );
    expect(found).toEqual([sbom]);
    expect(at.server.lines).toEqual([`${api}?artifactType=application%2Fspdx%2Bjson`]);
  });

  it.each<[string, Reply]>([
    ['404', { status: 404 }],
    ['400', { status: 400 }],
    ['406', { status: 406 }],
    ['a web page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['other JSON', { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }],
  ])('come from the fallback tag after %s, remembered', async (_name, reply) => {
    await using at = await startRegistry((request) =>
      request.path.includes('/referrers/') ? reply : index([sbom, signature]),
    );
    const repository = at.repository();
    expect(await Array.fromAsync(repository.referrers(digest))).toEqual([sbom, signature]);
    await Array.fromAsync(repository.referrers(digest));
    expect(at.server.lines).toEqual([api, tag, tag]);
  });

  it('are none without API and tag', async () => {
    await using at = await startRegistry(() => ({ status: 404 }));
    expect(await Array.fromAsync(at.repository().referrers(digest))).toEqual([]);
  });

  it('are not hidden by a refusal', async () => {
    await using at = await startRegistry(() => ({ status: 403 }));
    await expect(Array.fromAsync(at.repository().referrers(digest))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('refuse a digest that is none', async () => {
    await using at = await startRegistry(() => index([{ ...sbom, digest: 'sha256:../../x' }]));
    await expect(Array.fromAsync(at.repository().referrers(digest))).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
    });
  });

  it('cut a long digest in the tag', () => {
    const long = digestOf(Buffer.from('x'), 'sha512');
    expect(referrersTag(long)).toBe(`sha512-${long.slice(7, 71)}`);
  });
});

describe('delete', () => {
  it('is one DELETE', async () => {
    await using at = await startRegistry(() => ({ status: 202 }));
    await at.repository('delete').deleteManifest(digest);
    await at.repository('delete').deleteTag('v1');
    expect(at.server.lines).toEqual([
      `DELETE /v2/a/b/manifests/${digest}`,
      'DELETE /v2/a/b/manifests/v1',
    ]);
  });

  it('is done when an earlier try did it and only its answer was lost', async () => {
    await using server = await startScriptedServer((_request, count) => ({
      status: count === 1 ? 502 : 404,
      body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"gone"}]}',
    }));
    await using wire = testClient({ retryTimes: 1 });
    const client = createRegistryClient({
      request: wire.request,
      endpoint: async () => new URL(server.origin),
      warn: () => {},
    });
    const repository = client.repository({
      registry: server.host,
      repository: 'a/b',
      access: 'delete',
    });
    await repository.deleteManifest(digest);
    await expect(repository.deleteManifest(digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  const unsupported = '{"errors":[{"code":"UNSUPPORTED","message":"no"}]}';
  it.each<[string, number, string, string, string]>([
    ['reg.example', 405, unsupported, 'UNSUPPORTED', 'REGISTRY_STORAGE_DELETE_ENABLED=true'],
    ['reg.example', 400, unsupported, 'UNSUPPORTED', 'REGISTRY_STORAGE_DELETE_ENABLED=true'],
    ['ghcr.io', 405, '', 'UNSUPPORTED', 'gh api'],
    [
      '1'.repeat(12) + '.dkr.ecr.eu-west-1.amazonaws.com',
      404,
      '404 page not found',
      'UNSUPPORTED',
      'aws ecr',
    ],
    ['reg.example', 404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', 'MANIFEST_UNKNOWN', 'Check'],
    ['docker.io', 403, '{"errors":[{"code":"DENIED"}]}', 'FORBIDDEN', 'still points'],
  ])('of a manifest on %s: %i %s → %s', async (registry, status, body, code, hint) => {
    await using at = await startRegistry(() => ({ status, body }), { registry });
    await expect(at.repository('delete').deleteManifest(digest)).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it.each<[string, number, string, string, number]>([
    ['reg.example', 400, '{"errors":[{"code":"DIGEST_INVALID"}]}', 'UNTAG_UNSUPPORTED', 1],
    ['reg.example', 404, '{"errors":[{"code":"DIGEST_INVALID"}]}', 'UNTAG_UNSUPPORTED', 1],
    ['reg.example', 405, '', 'UNTAG_UNSUPPORTED', 1],
    ['docker.io', 405, unsupported, 'UNTAG_UNSUPPORTED', 1],
    ['reg.example', 404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', 'MANIFEST_UNKNOWN', 2],
    ['reg.example', 404, '', 'MANIFEST_UNKNOWN', 2],
    ['reg.example', 403, '', 'FORBIDDEN', 1],
  ])('of a tag on %s: %i %s → %s', async (registry, status, body, code, exitStatus) => {
    await using at = await startRegistry(() => ({ status, body }), { registry });
    await expect(at.repository('delete').deleteTag('v1')).rejects.toMatchObject({
      code,
      exitStatus,
    });
  });
});

describe('ping', () => {
  it.each<[string, Reply]>([
    [
      'the API header',
      { status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' }, body: 'x' },
    ],
    ['JSON', { status: 200, body: '{}' }],
    ['nothing', { status: 200 }],
  ])('accepts %s', async (_name, reply) => {
    await using at = await startRegistry(() => reply);
    await at.client.ping('reg.example');
    expect(at.server.lines).toEqual(['GET /v2/']);
    expect(at.scopes).toEqual(['']);
  });

  it.each<[string, Reply, string]>([
    [
      'HTML',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'NOT_A_REGISTRY',
    ],
    ['text', { status: 200, body: 'It works!' }, 'NOT_A_REGISTRY'],
    ['404', { status: 404 }, 'NOT_A_REGISTRY'],
    ['401', { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }, 'UNAUTHORIZED'],
    ['403', { status: 403 }, 'FORBIDDEN'],
  ])('refuses %s', async (_name, reply, code) => {
    await using at = await startRegistry(() => reply);
    await expect(at.client.ping('reg.example')).rejects.toMatchObject({
      code,
      hint: expect.stringContaining('reg.example') as string,
    });
  });
});
