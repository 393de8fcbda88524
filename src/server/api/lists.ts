import type { Digest } from '../../oci/digest.ts';
import { jsonReply, repositoryOf, type Call, type Reply } from './call.ts';
import { ProtocolError } from '../protocol-error.ts';

/** Maximum number of entries in one page, whatever `n` requests (CVE-2023-2253). */
const MAX_PAGE = 1000;

/** GET `/v2/<name>/tags/list`. @throws ProtocolError NAME_UNKNOWN, PAGINATION_NUMBER_INVALID */
export async function listTags(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  if (!(await call.storage.hasRepository(name))) throw nameUnknown(name);
  const { items, link } = page(
    await call.storage.manifests.tags(name),
    call.query,
    `/v2/${name}/tags/list`,
  );
  return jsonReply({ name, tags: items }, link);
}

/** GET `/v2/_catalog`: the repositories that the caller may pull. */
export async function listRepositories(call: Call): Promise<Reply> {
  const all = await call.storage.repositories();
  const visible = all.filter((name) => call.allows('pull', name));
  const { items, link } = page(visible, call.query, '/v2/_catalog');
  return jsonReply({ repositories: items }, link);
}

/**
 * GET `/v2/<name>/_regctl/inventory/list`: descriptors with `pushed`, tagged or not. An extension
 * (distribution-spec v1.1.1 "Extensions") with which `prune` finds untagged manifests.
 * @throws ProtocolError NAME_UNKNOWN, PAGINATION_NUMBER_INVALID
 */
export async function listManifests(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  if (!(await call.storage.hasRepository(name))) throw nameUnknown(name);
  const listed = await call.storage.manifests.list(name);
  const times = new Map(listed.map(({ digest, pushed }) => [digest, pushed]));
  const { items, link } = page(
    listed.map(({ digest }) => digest),
    call.query,
    `/v2/${name}/_regctl/inventory/list`,
  );
  const manifests = [];
  for (const digest of items as readonly Digest[]) {
    const stored = await call.storage.manifests.get(name, digest);
    if (stored === undefined) continue;
    const { mediaType, raw } = stored;
    const pushed = times.get(digest)?.toISOString();
    manifests.push({ mediaType, digest, size: raw.byteLength, ...(pushed && { pushed }) });
  }
  return jsonReply({ name, manifests }, link);
}

function nameUnknown(name: string): ProtocolError {
  return new ProtocolError('NAME_UNKNOWN', 'repository name not known to registry', {
    detail: { name },
  });
}

interface Page {
  readonly items: readonly string[];
  readonly link: Readonly<Record<string, string>>;
}

/** The page after `last`; for `n=0` empty, without `Link` (distribution-spec "Listing Tags"). */
function page(sorted: readonly string[], query: URLSearchParams, path: string): Page {
  const limit = pageSize(query);
  const last = query.get('last') ?? '';
  const rest = last === '' ? sorted : sorted.filter((one) => one > last);
  const items = rest.slice(0, limit);
  const end = items.at(-1);
  if (end === undefined || rest.length <= limit) return { items, link: {} };
  return { items, link: nextPageLink(path, { n: String(limit), last: end }) };
}

export function pageSize(query: URLSearchParams): number {
  const text = query.get('n');
  if (text === null) return MAX_PAGE;
  if (/^\d{1,15}$/u.test(text)) return Math.min(Number(text), MAX_PAGE);
  throw new ProtocolError('PAGINATION_NUMBER_INVALID', 'n is not a whole number');
}

export function nextPageLink(
  path: string,
  query: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { Link: `<${path}?${new URLSearchParams(query).toString()}>; rel="next"` };
}
