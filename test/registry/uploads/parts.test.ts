import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import type { Reply, ScriptedRequest } from '../../helpers/scripted-server.ts';
import { startRegistry, type Harness } from '../harness.ts';

const MIB = 1024 * 1024;
/** More than a part, which has 4 MiB. */
const SIZE = 5 * MIB;

/** A blob of its own kind of bytes, so that a part of it is not another blob. */
function blobOf(size: number, seed: number) {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i += 1) data[i] = (i * seed) % 251;
  const layer = { mediaType: MEDIA_TYPE.ociLayerGzip, digest: digestOf(data), size };
  return { data, layer, source: sourceFromBytes(layer, data) };
}

/** How a registry treats what is sent in parts. */
interface Ways {
  /** A refusal of a request, before it is looked at. */
  readonly refuse?: (request: ScriptedRequest, session: Session) => Reply | undefined;
  /** Bytes of a part that stay. */
  readonly keep?: (session: Buffer, part: Buffer) => Buffer;
  readonly range?: (session: Buffer) => string;
  readonly patchStatus?: number;
  readonly status?: (session: Session) => Reply;
  /** Commits whatever it has. */
  readonly isBlind?: boolean;
}

interface Session {
  bytes: Buffer;
}

/** A registry of which the first large PUT ends with 503 after some of it was kept. */
class Parts {
  readonly blobs = new Map<string, Buffer>();
  readonly bodies: number[] = [];
  readonly #ways: Ways;
  readonly #sessions = new Map<string, Session>();
  readonly #broken = new Set<string>();
  readonly #breaksAt: number | undefined;

  constructor(ways: Ways, breaksAt?: number) {
    this.#ways = ways;
    this.#breaksAt = breaksAt;
  }

  answer = (request: ScriptedRequest): Reply => {
    const { method } = request;
    const url = new URL(request.path, 'http://r');
    if (method === 'HEAD') {
      const found = this.blobs.get(url.pathname.split('/').at(-1) ?? '');
      return found === undefined
        ? { status: 404 }
        : { status: 200, headers: { 'content-length': String(found.length) } };
    }
    if (method === 'POST') {
      const path = `/up/${this.#sessions.size}`;
      this.#sessions.set(path, { bytes: Buffer.alloc(0) });
      return { status: 202, headers: { location: path } };
    }
    const session = this.#sessions.get(url.pathname);
    if (session === undefined || method === 'DELETE') return { status: 204 };
    if (method === 'GET') return this.#ways.status?.(session) ?? this.#accepted(session, 204);
    this.bodies.push(request.body.length);
    const refused = this.#ways.refuse?.(request, session);
    if (refused !== undefined) return refused;
    const keep = this.#ways.keep ?? ((bytes, part) => Buffer.concat([bytes, part]));
    const digest = url.searchParams.get('digest') ?? '';
    if (method === 'PUT' && this.#breaksAt !== undefined && !this.#broken.has(digest)) {
      this.#broken.add(digest);
      session.bytes = request.body.subarray(0, this.#breaksAt);
      return { status: 503 };
    }
    if (request.body.length > 0) session.bytes = keep(session.bytes, request.body);
    if (method === 'PATCH') return this.#accepted(session, this.#ways.patchStatus ?? 202);
    const isRight = digestOf(session.bytes) === digest;
    if (!isRight && this.#ways.isBlind !== true) {
      return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    }
    this.blobs.set(digest, session.bytes);
    return { status: 201 };
  };

  #accepted({ bytes }: Session, status: number): Reply {
    const range = this.#ways.range?.(bytes) ?? `0-${Math.max(0, bytes.length - 1)}`;
    return { status, headers: { range } };
  }
}

const tooLarge =
  (most: number) =>
  ({ body }: ScriptedRequest): Reply | undefined =>
    body.length > most ? { status: 413 } : undefined;

const GHCR: Ways = { keep: (_bytes, part) => part, isBlind: true };
const ARTIFACT_REGISTRY: Ways = {
  refuse: ({ method }) => (method === 'PATCH' ? { status: 405 } : undefined),
};
const ACR: Ways = { refuse: tooLarge(20 * MIB) };
const ECR: Ways = {
  range: () => '0-10485759',
  patchStatus: 201,
  status: () => ({ status: 404 }),
  refuse: ({ method, headers }, { bytes }) => {
    const start = Number(headers['content-range']?.split('-')[0] ?? 0);
    return method === 'PATCH' && start < bytes.length ? { status: 416 } : undefined;
  },
};
const A_BYTE: Ways = {
  keep: (bytes, part) => Buffer.concat([bytes, part.subarray(0, 1)]),
};

const open = (parts: Parts, registry?: string): Promise<Harness> =>
  startRegistry(parts.answer, registry === undefined ? {} : { registry });

const methodsOf = (at: Harness): string[] =>
  at.server.lines.map((line) => line.split(' ')[0] ?? '');

describe('an upload that broke off', () => {
  it.each<[string, Ways]>([
    ['keeps only the last part and commits it (ghcr.io)', GHCR],
    ['refuses PATCH (Artifact Registry)', ARTIFACT_REGISTRY],
    ['limits a request to 20 MB (ACR)', ACR],
    ['miscounts and forgets (ECR)', ECR],
  ])('is whole in the end at a registry that %s', async (_name, ways) => {
    const { data, layer, source } = blobOf(SIZE, 7);
    const parts = new Parts(ways, 2 * MIB);
    await using at = await open(parts);
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(parts.blobs.get(layer.digest)?.equals(data)).toBe(true);
    expect(parts.bodies.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(22 * MIB);
  });

  it('is continued, and then looked for, at a registry that keeps its word', async () => {
    const { data, layer, source } = blobOf(SIZE, 7);
    const parts = new Parts({}, 2 * MIB);
    await using at = await open(parts);
    await at.repository('push').putBlob(source);
    expect(parts.bodies).toEqual([SIZE, 3 * MIB]);
    expect(methodsOf(at)).toEqual(['POST', 'PUT', 'GET', 'PUT', 'HEAD']);
    expect(parts.blobs.get(layer.digest)?.equals(data)).toBe(true);
  });

  it('the registry that lost a part is remembered for the run', async () => {
    const parts = new Parts(GHCR, 2 * MIB);
    await using at = await open(parts);
    const [first, second] = [blobOf(SIZE, 7), blobOf(SIZE, 11)];
    const repository = at.repository('push');
    await repository.putBlob(first.source);
    const before = at.server.lines.length;
    await repository.putBlob(second.source);
    expect(parts.blobs.get(second.layer.digest)?.equals(second.data)).toBe(true);
    expect(methodsOf(at).slice(before)).toEqual(['POST', 'PUT', 'HEAD', 'POST', 'PUT']);
  });

  it.each(['ghcr.io', 'europe-docker.pkg.dev', '123456789012.dkr.ecr.eu-west-1.amazonaws.com'])(
    'is never continued at %s',
    async (registry) => {
      const { data, layer, source } = blobOf(SIZE, 7);
      const parts = new Parts(GHCR, 2 * MIB);
      await using at = await open(parts, registry);
      await at.repository('push').putBlob(source);
      expect(methodsOf(at)).toEqual(['POST', 'PUT', 'HEAD', 'POST', 'PUT']);
      expect(parts.blobs.get(layer.digest)?.equals(data)).toBe(true);
    },
  );
});

describe('an upload of which one request is too large', () => {
  it('goes in parts, and is then looked for (ACR)', async () => {
    const { data, layer, source } = blobOf(22 * MIB, 7);
    const parts = new Parts(ACR);
    await using at = await open(parts);
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(parts.blobs.get(layer.digest)?.equals(data)).toBe(true);
    expect(methodsOf(at).slice(-2)).toEqual(['PUT', 'HEAD']);
  });

  it.each<[string, Ways, string]>([
    ['keeps only the last part', { ...GHCR, refuse: tooLarge(4.5 * MIB) }, 'UPLOAD_FAILED'],
    ['takes a byte of each', { ...A_BYTE, refuse: tooLarge(4.5 * MIB) }, 'UPLOAD_FAILED'],
    [
      'never counts further',
      { range: () => '0-10485759', refuse: tooLarge(4.5 * MIB) },
      'UPLOAD_FAILED',
    ],
    [
      'refuses parts',
      {
        refuse: (request) =>
          request.method === 'PATCH' ? { status: 405 } : tooLarge(4.5 * MIB)(request),
      },
      'UNSUPPORTED',
    ],
  ])('fails at a registry that %s, after few bytes', async (_name, ways, code) => {
    const { source } = blobOf(SIZE, 7);
    const parts = new Parts(ways);
    await using at = await open(parts);
    const put = at.repository('push').putBlob(source);
    await expect(put).rejects.toMatchObject(
      code === 'SIZE_MISMATCH'
        ? { code: expect.stringMatching(/SIZE|UPLOAD/u) as string }
        : { code },
    );
    expect(parts.bodies.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(24 * MIB);
    expect(methodsOf(at).filter((method) => method === 'PUT').length).toBeLessThanOrEqual(4);
  });

  it('one that takes a byte of each part gets the blob in one request, once', async () => {
    let refusals = 0;
    const { data, layer, source } = blobOf(SIZE, 7);
    const parts = new Parts({
      ...A_BYTE,
      keep: (bytes, part) =>
        part.length === SIZE ? part : Buffer.concat([bytes, part.subarray(0, 1)]),
      refuse({ method, body }) {
        if (method !== 'PUT' || body.length < SIZE || refusals > 0) return undefined;
        refusals += 1;
        return { status: 413 };
      },
    });
    await using at = await open(parts);
    expect(await at.repository('push').putBlob(source)).toBe('written');
    expect(parts.bodies).toEqual([SIZE, 4 * MIB, SIZE]);
    expect(parts.blobs.get(layer.digest)?.equals(data)).toBe(true);
  });
});
