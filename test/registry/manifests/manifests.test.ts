import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MANIFEST_ACCEPT, MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import type { Reply } from '../../helpers/scripted-server.ts';
import { quickRetries, startRegistry } from '../harness.ts';

const raw = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] }),
);
const digest = digestOf(raw);
const other = digestOf(Buffer.from('other'));
const ok: Reply = {
  status: 200,
  headers: { 'content-type': MEDIA_TYPE.ociIndex, 'docker-content-digest': digest },
  body: raw,
};

describe('getManifest', () => {
  it('asks once, with one Accept line, and describes the bytes', async () => {
    await using at = await startRegistry(() => ok);
    const found = await at.repository().getManifest('v1');
    expect(found.descriptor).toEqual({
      mediaType: MEDIA_TYPE.ociIndex,
      digest,
      size: raw.byteLength,
    });
    expect(Buffer.from(found.raw)).toEqual(raw);
    expect(at.server.lines).toEqual(['GET /v2/a/b/manifests/v1']);
    expect(at.server.requests[0]?.headers.accept).toBe(MANIFEST_ACCEPT);
    expect(at.scopes).toEqual(['repository:a/b:pull']);
  });

  it('asks for push up front when the repository will be written', async () => {
    await using at = await startRegistry(() => ok);
    await at.repository('push').getManifest(digest);
    expect(at.scopes).toEqual(['repository:a/b:pull,push']);
  });

  it('never asks for delete up front, which Quay refuses', async () => {
    await using at = await startRegistry(() => ({ status: 202 }));
    await at.repository('delete').deleteManifest(digest);
    expect(at.scopes).toEqual(['repository:a/b:pull']);
  });

  it('guesses the type where Content-Type is missing or says JSON', async () => {
    await using at = await startRegistry((_request, count) => ({
      status: 200,
      ...(count === 1 ? {} : { headers: { 'content-type': 'application/json; charset=utf-8' } }),
      body: raw,
    }));
    for (const ref of ['v1', 'v2']) {
      const { descriptor } = await at.repository().getManifest(ref);
      expect(descriptor.mediaType).toBe(MEDIA_TYPE.ociIndex);
    }
  });

  it('refuses other content under a pinned digest, whatever the header says', async () => {
    await using at = await startRegistry(() => ({
      ...ok,
      headers: { 'docker-content-digest': other, 'content-type': MEDIA_TYPE.ociIndex },
    }));
    await expect(at.repository().getManifest(other)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      expected: other,
      actual: digest,
    });
  });

  it('warns about a wrong header by tag and trusts the bytes', async () => {
    await using at = await startRegistry(() => ({
      ...ok,
      headers: { 'docker-content-digest': other, 'content-type': MEDIA_TYPE.ociIndex },
    }));
    const { descriptor } = await at.repository().getManifest('v1');
    expect(descriptor.digest).toBe(digest);
    expect(at.warnings).toHaveLength(1);
    expect(at.warnings[0]).toContain(other);
  });

  it('refuses a Content-Type that contradicts the body', async () => {
    await using at = await startRegistry(() => ({
      ...ok,
      headers: { 'content-type': MEDIA_TYPE.ociManifest },
    }));
    await expect(at.repository().getManifest('v1')).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: expect.stringContaining('reg.example/a/b:v1') as string,
    });
  });

  it('knows a web page from a manifest', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: '<!DOCTYPE html><p>hi' }));
    await expect(at.repository().getManifest('v1')).rejects.toMatchObject({
      code: 'NOT_A_REGISTRY',
    });
  });

  it('reads one of 4 MiB, and none that is a byte longer', async () => {
    const padded = (size: number): Buffer => {
      const empty = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] };
      const text = (x: string): string => JSON.stringify({ ...empty, annotations: { x } });
      return Buffer.from(text('x'.repeat(size - text('').length)));
    };
    let size = 4 * 1024 * 1024;
    await using at = await startRegistry(() => ({
      status: 200,
      headers: { 'content-type': MEDIA_TYPE.ociIndex },
      body: padded(size),
    }));
    const { descriptor } = await at.repository().getManifest('v1');
    expect(descriptor.size).toBe(size);
    size += 1;
    await expect(at.repository().getManifest('v1')).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });

  it('stops an endless body at the limit', async () => {
    await using at = await startRegistry(() => (_request, response) => {
      const chunk = Buffer.alloc(256 * 1024, 0x20);
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(200, { 'content-type': MEDIA_TYPE.ociIndex });
      response.on('drain', pump);
      pump();
    });
    await expect(at.repository().getManifest('v1')).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });

  it.each(['../../x', 'a b', 'sha256:123', '', 'a/b', 'x?y'])(
    'sends nothing for the reference %j',
    async (ref) => {
      await using at = await startRegistry(() => undefined);
      await expect(at.repository().getManifest(ref)).rejects.toMatchObject({
        code: 'INVALID_REFERENCE',
      });
      expect(at.server.lines).toEqual([]);
    },
  );
});

describe('a manifest that was damaged on the way', () => {
  const damaged: Reply = { ...ok, body: Buffer.from(raw).fill('x', 3, 4) };
  const named = (reply: Reply): Reply => ({
    ...reply,
    headers: { ...reply.headers, 'docker-content-digest': digest },
  });

  it.each(['v1', digest])('is asked for once more: %s', async (ref) => {
    await using at = await startRegistry((_request, count) => named(count === 1 ? damaged : ok));
    const { descriptor } = await at.repository().getManifest(ref);
    expect([descriptor.digest, at.server.lines.length]).toEqual([digest, 2]);
    expect(at.warnings).toEqual([]);
  });

  it('is refused by digest when it comes damaged again', async () => {
    await using at = await startRegistry(() => named(damaged));
    await expect(at.repository().getManifest(digest)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(at.server.lines).toHaveLength(2);
  });
});

describe('headManifest', () => {
  const headers = { ...ok.headers, 'content-length': String(raw.byteLength) };

  it('is one HEAD', async () => {
    await using at = await startRegistry(() => ({ status: 200, headers }));
    const found = await at.repository().headManifest('v1');
    expect(found?.descriptor).toEqual({
      mediaType: MEDIA_TYPE.ociIndex,
      digest,
      size: raw.byteLength,
    });
    expect(at.server.lines).toEqual(['HEAD /v2/a/b/manifests/v1']);
  });

  it('is undefined on 404', async () => {
    await using at = await startRegistry(() => ({ status: 404 }));
    expect(await at.repository().headManifest('v1')).toBeUndefined();
  });

  it.each<[string, Reply]>([
    ['405', { status: 405 }],
    ['no digest', { status: 200, headers: { ...headers, 'docker-content-digest': '' } }],
    ['a broken digest', { status: 200, headers: { ...headers, 'docker-content-digest': 'x:y' } }],
    ['no type', { status: 200, headers: { ...headers, 'content-type': '' } }],
    ['no length', { status: 200, headers: { ...headers, 'content-length': '0' } }],
  ])('falls back to GET after %s', async (_name, reply) => {
    await using at = await startRegistry((request) => (request.method === 'HEAD' ? reply : ok));
    const found = await at.repository().headManifest('v1');
    expect(found?.descriptor.digest).toBe(digest);
    expect(at.server.lines).toEqual(['HEAD /v2/a/b/manifests/v1', 'GET /v2/a/b/manifests/v1']);
  });

  it('refuses another digest than the pinned one', async () => {
    await using at = await startRegistry(() => ({ status: 200, headers }));
    await expect(at.repository().headManifest(other)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('fails on 401 without claiming that the registry gave a reason', async () => {
    const reply = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
    await using at = await startRegistry(() => reply, { credentials: { sent: false } });
    await expect(at.repository().headManifest('v1')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: 'reg.example/a/b:v1 requires a login',
      why: ['HTTP 401', 'no credentials were sent'],
      hint: 'Log in: regctl login reg.example',
    });
  });

  it.each([401, 403])('takes the words of a %i from one GET', async (status) => {
    const errors = [{ code: 'DENIED', message: 'the trial of this account has ended' }];
    await using at = await startRegistry(() => ({ status, body: JSON.stringify({ errors }) }));
    await expect(at.repository().headManifest('v1')).rejects.toMatchObject({ status, errors });
    expect(at.server.lines).toEqual(['HEAD /v2/a/b/manifests/v1', 'GET /v2/a/b/manifests/v1']);
  });
});

describe('putManifest after a failure', () => {
  const length = String(raw.byteLength);
  const head = { status: 200, headers: { ...ok.headers, 'content-length': length } };

  it('is done when the registry has the manifest after all', async () => {
    await using at = await startRegistry((request) =>
      request.method === 'PUT' ? { status: 502 } : head,
    );
    const done = await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    expect(done).toEqual({ digest, subjectHandled: false });
    expect(at.server.lines).toEqual(['PUT /v2/a/b/manifests/v1', 'HEAD /v2/a/b/manifests/v1']);
  });

  it.each<[string, Reply]>([
    ['nothing', { status: 404 }],
    ['another', { ...head, headers: { ...head.headers, 'docker-content-digest': other } }],
  ])('fails when the tag has %s', async (_name, answer) => {
    await using at = await startRegistry((request) =>
      request.method === 'PUT' ? { status: 502 } : answer,
    );
    await expect(
      at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex),
    ).rejects.toMatchObject({ code: 'UPLOAD_FAILED', status: 502 });
  });
});

describe('a manifest whose answer was lost', () => {
  const length = String(raw.byteLength);
  const head = { status: 200, headers: { ...ok.headers, 'content-length': length } };

  it.each<[string, Reply]>([
    ['500', { status: 500 }],
    ['504', { status: 504 }],
    ['408', { status: 408 }],
  ])(
    'is looked up after %s before it is sent again, so that no immutable tag refuses it',
    async (_name, answer) => {
      await using at = await startRegistry(({ method }) => (method === 'PUT' ? answer : head));
      await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
      expect(at.server.lines).toEqual(['PUT /v2/a/b/manifests/v1', 'HEAD /v2/a/b/manifests/v1']);
    },
  );

  it('is found after a refusal too, when it did not show before', async () => {
    await using at = await startRegistry(({ method }, count) => {
      if (method === 'PUT') return count === 1 ? { status: 502 } : { status: 400 };
      return count < 4 ? { status: 404 } : head;
    });
    const done = await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    expect(done.digest).toBe(digest);
    expect(at.server.lines.map((line) => line.split(' ')[0])).toEqual([
      'PUT',
      'HEAD',
      'GET',
      'PUT',
      'HEAD',
    ]);
  });

  it('was not stored where the registry limits the rate: nothing is looked up', async () => {
    await using at = await startRegistry((_request, count) => ({
      status: count === 1 ? 429 : 201,
    }));
    await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    expect(at.server.lines.map((line) => line.split(' ')[0])).toEqual(['PUT', 'PUT']);
  });
});

describe('content that a refusal names', () => {
  const child = digestOf(Buffer.from('child'));
  const parent = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [{ mediaType: MEDIA_TYPE.ociManifest, digest: child, size: 5 }],
    }),
  );
  const refusal = (code: string, message: string, detail?: unknown): Reply => ({
    status: 404,
    body: JSON.stringify({ errors: [{ code, message, detail }] }),
  });

  it.each([
    ['MANIFEST_BLOB_UNKNOWN', refusal('MANIFEST_BLOB_UNKNOWN', 'blob unknown')],
    ['BLOB_UNKNOWN', refusal('BLOB_UNKNOWN', `blob ${child} unknown`)],
    ['MANIFEST_UNKNOWN', refusal('MANIFEST_UNKNOWN', 'unknown', { digest: child })],
    ['MANIFEST_INVALID', refusal('MANIFEST_INVALID', 'invalid', [{ missing: [child] }])],
  ])('does not show yet, under the code %s', async (_code, reply) => {
    await using at = await startRegistry((_request, count) =>
      count === 1 ? reply : { status: 201 },
    );
    await at
      .repository('push')
      .putManifest('v1', parent, MEDIA_TYPE.ociIndex, { visibilityRetries: 1 });
    expect(at.server.lines).toHaveLength(2);
  });

  it('and that the manifest does not need is no reason to wait', async () => {
    await using at = await startRegistry(() => refusal('BLOB_UNKNOWN', `blob ${other} unknown`));
    const put = at
      .repository('push')
      .putManifest('v1', parent, MEDIA_TYPE.ociIndex, { visibilityRetries: 2 });
    await expect(put).rejects.toMatchObject({ code: 'UPLOAD_FAILED' });
    expect(at.server.lines).toHaveLength(1);
  });
});

describe('putManifest', () => {
  it.each([
    [200, { 'docker-content-digest': digest }, 1],
    [204, {}, 2],
  ])(
    'takes %i for stored when it names the manifest, or the tag shows it',
    async (status, headers, requests) => {
      const length = String(raw.byteLength);
      await using at = await startRegistry(({ method }) =>
        method === 'PUT'
          ? { status, headers }
          : { status: 200, headers: { ...ok.headers, 'content-length': length } },
      );
      await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
      expect(at.server.lines).toHaveLength(requests);
    },
  );

  it('puts the bytes as they are', async () => {
    await using at = await startRegistry(() => ({
      status: 201,
      headers: { 'docker-content-digest': digest, 'oci-subject': other },
    }));
    const done = await at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    expect(done).toEqual({ digest, subjectHandled: true });
    expect(at.server.lines).toEqual(['PUT /v2/a/b/manifests/v1']);
    expect(at.server.requests[0]?.body).toEqual(raw);
    expect(at.server.requests[0]?.headers['content-type']).toBe(MEDIA_TYPE.ociIndex);
  });

  it('refuses a stored digest that is not the sent one', async () => {
    await using at = await startRegistry(() => ({
      status: 201,
      headers: { 'docker-content-digest': other },
    }));
    const put = at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    await expect(put).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('does not take a plain web server for success', async () => {
    await using at = await startRegistry(() => ({ status: 200, body: 'OK' }));
    const put = at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    await expect(put).rejects.toMatchObject({ code: 'NOT_A_REGISTRY' });
  });

  it('keeps the registry’s own codes for the copy to react to', async () => {
    await using at = await startRegistry(() => ({
      status: 400,
      body: JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'no blob' }] }),
    }));
    const put = at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex);
    await expect(put).rejects.toMatchObject({
      errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'no blob' }],
      status: 400,
    });
  });

  describe('that names what the registry does not see yet', () => {
    const unseen = {
      status: 400,
      body: JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'no blob' }] }),
    };

    it('is sent again after waits that double, and no more often than is asked for', async () => {
      const waits: number[] = [];
      const told: string[] = [];
      const retries = quickRetries(4, ({ delayMs, reason }) => {
        waits.push(delayMs);
        told.push(reason);
      });
      await using at = await startRegistry(() => unseen, { retries });
      const repository = at.repository('push');
      const put = repository.putManifest('v1', raw, MEDIA_TYPE.ociIndex, { visibilityRetries: 3 });
      await expect(put).rejects.toMatchObject({ code: 'UPLOAD_FAILED' });
      expect(at.server.lines).toHaveLength(4);
      // Of 2, 4 and 8 s, the half that is not left to chance.
      expect(waits).toEqual([1000, 2000, 4000]);
      expect(told[0]).toContain('does not see yet');
    });

    it.each([
      [0, 5],
      [1, 1],
    ])('is sent %i times more with %i retries, and succeeds when it is seen', async (times, n) => {
      await using at = await startRegistry(
        (_request, count) => (count > times ? { status: 201 } : unseen),
        { retries: quickRetries(n) },
      );
      await at
        .repository('push')
        .putManifest('v1', raw, MEDIA_TYPE.ociIndex, { visibilityRetries: 3 });
      expect(at.server.lines).toHaveLength(times + 1);
    });

    it('is not waited for without retries', async () => {
      await using at = await startRegistry(() => unseen, { retries: quickRetries(0) });
      const put = at.repository('push').putManifest('v1', raw, MEDIA_TYPE.ociIndex, {
        visibilityRetries: 3,
      });
      await expect(put).rejects.toMatchObject({ code: 'UPLOAD_FAILED' });
      expect(at.server.lines).toHaveLength(1);
    });
  });

  it('keeps line breaks out of the request', async () => {
    await using at = await startRegistry(() => undefined);
    const put = at.repository('push').putManifest('v1', raw, 'text/x\r\nx-evil: 1');
    await expect(put).rejects.toMatchObject({ code: 'INVALID_MANIFEST' });
  });

  it('refuses bytes that are not what the digest in the path says', async () => {
    await using at = await startRegistry(() => undefined);
    const put = at.repository('push').putManifest(other, raw, MEDIA_TYPE.ociIndex);
    await expect(put).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});
