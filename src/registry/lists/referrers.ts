import { AppError } from '../../errors/app-error.ts';
import { parseDescriptor, type Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { ReferrersOptions } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { FoundManifest } from '../types.ts';
import { refName, repositoryUrl, type RequestContext, type Operation } from '../requests.ts';
import type { ErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { getManifest } from '../manifests/read.ts';
import { notAList, pages } from './pages.ts';

/** Answers of registries without the referrers API, including a 200 without an index. */
const NO_API: ReadonlySet<number> = new Set([200, 400, 404, 405, 406, 501]);

/**
 * Lists the referrers of a manifest, by the API or by the fallback tag (distribution-spec v1.1.1,
 * "Listing Referrers"). Remembers that a repository has no API.
 */
export function createReferrers(
  context: RequestContext,
): (digest: Digest, options?: ReferrersOptions) => AsyncIterable<Descriptor> {
  let supported = true;
  return async function* referrers(digest, options = {}) {
    if (supported) {
      const listing = await apiListing(context, digest, options, () => (supported = false));
      for await (const page of pages(context, listing, options)) {
        yield* page.filter((one) => matches(one, options));
      }
    }
    if (supported || options.tags?.has(referrersTag(digest)) === false) return;
    const fallback = await fromReferrersTag(context, digest, options);
    yield* fallback.filter((one) => matches(one, options));
  };
}

/** Lists the referrers by the API only; `undefined` if the registry has none. */
export async function listByApi(
  context: RequestContext,
  digest: Digest,
  options: CallOptions = {},
): Promise<readonly Descriptor[] | undefined> {
  let supported = true;
  const listing = await apiListing(context, digest, options, () => (supported = false));
  const found: Descriptor[] = [];
  for await (const page of pages(context, listing, options)) found.push(...page);
  return supported ? found : undefined;
}

/** `sha256-<hex>`; the algorithm truncated to 32 and the hex to 64 characters. */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`;
}

/**
 * Some registries resolve a missing tag `sha256-HEX` as the digest `sha256:HEX`: the answer is then
 * the subject, and there is no fallback tag.
 */
export function isSubjectItself({ descriptor }: FoundManifest, subject: Digest): boolean {
  return descriptor.digest === subject;
}

async function apiListing(
  context: RequestContext,
  digest: Digest,
  options: ReferrersOptions,
  onUnsupported: () => void,
) {
  const operation: Operation = {
    action: 'list referrers of',
    target: refName(context, digest),
    kind: 'manifest',
  };
  const url = await repositoryUrl(context, `referrers/${digest}`, options);
  if (options.artifactType !== undefined) {
    url.search = `artifactType=${encodeURIComponent(options.artifactType)}`;
  }
  return {
    operation,
    url,
    accept: MEDIA_TYPE.ociIndex,
    contentType: MEDIA_TYPE.ociIndex,
    key: (one: Descriptor): string => one.digest,
    entries: (body: unknown) => descriptors(context, operation, body),
    refuse(answer: ErrorResponse): Error | undefined {
      if (!NO_API.has(answer.status)) return registryErrorFrom(context, operation, answer);
      onUnsupported();
      return undefined;
    },
  };
}

function descriptors(
  context: RequestContext,
  operation: Operation,
  body: unknown,
): readonly Descriptor[] {
  const list = isRecord(body) ? (body['manifests'] ?? []) : undefined;
  if (!Array.isArray(list)) throw notAList(context, operation, 'list of manifests');
  return list
    .filter((entry) => entry !== null)
    .map((entry, i) => parseDescriptor(entry, `referrers[${i}]`));
}

/** Servers may ignore the filter (no OCI-Filters-Applied), so it is always applied here too. */
function matches(one: Descriptor, options: ReferrersOptions): boolean {
  return options.artifactType === undefined || one.artifactType === options.artifactType;
}

async function fromReferrersTag(
  context: RequestContext,
  digest: Digest,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  const tag = referrersTag(digest);
  try {
    const answer = await getManifest(context, tag, options);
    if (isSubjectItself(answer, digest)) return [];
    const { raw, descriptor } = answer;
    const manifest = parseManifest(raw, descriptor.mediaType);
    if (manifest.kind === 'index') return manifest.manifests;
  } catch (error) {
    const missing = error instanceof AppError && error.code === 'MANIFEST_UNKNOWN';
    if (missing) return [];
    throw error;
  }
  context.deps.warn(`${refName(context, tag)} is not an index; its referrers are left out`);
  return [];
}
