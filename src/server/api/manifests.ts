import { AppError } from '../../errors/app-error.ts';
import { algorithmOf, digestOf, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type Manifest } from '../../oci/manifest.ts';
import { collect, type Bytes } from '../../util/bytes.ts';
import { isNotModified, repositoryOf, validDigest, type Call, type Reply } from './call.ts';
import { checkChildren } from './manifest-children.ts';
import { isTag, type RepositoryName, type Tag } from '../names.ts';
import { ProtocolError } from '../protocol-error.ts';
import { contentLength } from './request-body.ts';
import { ifIntact } from '../storage/damage.ts';
import type { StoredManifest } from '../storage/types.ts';

/** Maximum number of tags that one PUT by digest may set. */
const MAX_TAGS = 32;

type ManifestTarget = { readonly digest: Digest } | { readonly tag: Tag };

/** GET and HEAD `/v2/<name>/manifests/<reference>`. @throws ProtocolError MANIFEST_UNKNOWN */
export async function getManifest(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  const { manifests } = call.storage;
  const wanted = target(call);
  const digest = 'tag' in wanted ? await manifests.resolve(name, wanted.tag) : wanted.digest;
  const found = digest === undefined ? undefined : await find(call, name, digest);
  if (found === undefined) throw await missing(call, name);
  const headers = { 'Docker-Content-Digest': found.digest, Etag: `"${found.digest}"` };
  if (isNotModified(call.request, found.digest)) return { status: 304, headers };
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': found.mediaType,
      'Content-Length': String(found.raw.byteLength),
    },
    body: found.raw,
  };
}

/**
 * HEAD answers 404 for a damaged manifest, so that a push replaces it, and renews any other, because
 * an index or a referrer may follow; GET reports the damage.
 */
async function find(
  { request, storage }: Call,
  name: RepositoryName,
  digest: Digest,
): Promise<StoredManifest | undefined> {
  const found = storage.manifests.get(name, digest);
  if (request.method !== 'HEAD') return found;
  const intact = await ifIntact(found);
  return intact !== undefined && (await storage.manifests.renew(name, digest)) ? intact : undefined;
}

/** PUT `/v2/<name>/manifests/<reference>`; if it is a digest, `?tag=` may name tags to set. */
export async function putManifest(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  const wanted = target(call, 'TAG_INVALID');
  const tags = 'tag' in wanted ? [wanted.tag] : queryTags(call);
  const raw = await readManifest(call);
  const digest = digestOf(raw, 'digest' in wanted ? algorithmOf(wanted.digest) : 'sha256');
  if ('digest' in wanted && wanted.digest !== digest) {
    throw new ProtocolError('DIGEST_INVALID', 'the manifest does not have this digest', {
      detail: { expected: wanted.digest, actual: digest },
    });
  }
  const manifest = parse(raw, mediaTypeOf(call));
  await checkChildren(call.storage, name, manifest);
  const subject = manifest.subject?.digest;
  if (subject !== undefined) await call.storage.manifests.renew(name, subject);
  const stored = { digest, mediaType: manifest.mediaType, raw };
  await call.storage.manifests.put(name, stored, { subject, tags });
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/manifests/${digest}`,
      'Docker-Content-Digest': digest,
      'Content-Length': '0',
      ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
      ...('digest' in wanted && tags.length > 0 ? { 'OCI-Tag': tags.join(', ') } : {}),
    },
  };
}

/** DELETE by digest removes the manifest and its tags; DELETE by tag removes only the tag. */
export async function deleteManifest(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  const { manifests } = call.storage;
  const wanted = target(call);
  const removed =
    'tag' in wanted
      ? await manifests.untag(name, wanted.tag)
      : await manifests.remove(name, wanted.digest);
  if (!removed) throw await missing(call, name);
  return { status: 202, headers: { 'Content-Length': '0' } };
}

function target(
  call: Call,
  invalid: 'MANIFEST_UNKNOWN' | 'TAG_INVALID' = 'MANIFEST_UNKNOWN',
): ManifestTarget {
  const text = call.params['reference'] ?? '';
  if (text.includes(':')) return { digest: validDigest(text) };
  if (isTag(text)) return { tag: text };
  throw new ProtocolError(invalid, 'the reference is neither a tag nor a digest');
}

function queryTags(call: Call): readonly Tag[] {
  const tags = call.query.getAll('tag');
  if (tags.length > MAX_TAGS) {
    throw new ProtocolError('TAG_INVALID', `more than ${MAX_TAGS} tags`, { status: 414 });
  }
  return tags.map((tag) => {
    if (isTag(tag)) return tag;
    throw new ProtocolError('TAG_INVALID', 'invalid tag', { detail: { tag } });
  });
}

async function readManifest(call: Call): Promise<Uint8Array> {
  if ((contentLength(call.request) ?? 0) > MAX_MANIFEST_BYTES) throw tooLarge();
  return collect(copies(call.body), MAX_MANIFEST_BYTES, tooLarge);
}

async function* copies(bytes: Bytes): Bytes {
  for await (const chunk of bytes) yield new Uint8Array(chunk);
}

function tooLarge(): ProtocolError {
  const message = `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`;
  return new ProtocolError('SIZE_INVALID', message, { status: 413 });
}

/** `Content-Type` without parameters. */
function mediaTypeOf(call: Call): string | undefined {
  const text = call.request.headers['content-type']?.split(';')[0]?.trim();
  return text === '' ? undefined : text;
}

/** @throws ProtocolError MANIFEST_INVALID, also if `contentType` differs from the body's type */
function parse(raw: Uint8Array, contentType: string | undefined): Manifest {
  let manifest: Manifest;
  try {
    manifest = parseManifest(raw, contentType);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ProtocolError('MANIFEST_INVALID', error.message);
  }
  if (manifest.kind === 'schema1') {
    throw new ProtocolError('MANIFEST_INVALID', 'schema 1 manifests are not supported');
  }
  if (contentType !== undefined && contentType !== manifest.mediaType) {
    throw new ProtocolError(
      'MANIFEST_INVALID',
      `Content-Type ${contentType} is not the manifest's ${manifest.mediaType}`,
    );
  }
  return manifest;
}

async function missing(call: Call, name: RepositoryName): Promise<ProtocolError> {
  if (!(await call.storage.hasRepository(name))) {
    return new ProtocolError('NAME_UNKNOWN', 'repository name not known to registry', {
      detail: { name },
    });
  }
  const reference = call.params['reference'];
  return new ProtocolError('MANIFEST_UNKNOWN', 'manifest unknown', {
    detail: { name, reference },
  });
}
