import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { describeReferrer } from '../../store/manifests.ts';
import { jsonReply, repositoryOf, validDigest, type Call, type Reply } from './call.ts';
import { nextPageLink } from './lists.ts';
import type { StoredManifest } from '../storage/types.ts';

/** Keeps a page below the 4 MiB that every client reads, unless a single entry is larger. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/**
 * GET `/v2/<name>/referrers/<digest>`: an index, empty for an unknown subject (distribution-spec
 * v1.1.1 "Listing Referrers").
 */
export async function listReferrers(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  const subject = validDigest(call.params['digest'] ?? '');
  const filter = call.query.get('artifactType');
  const last = call.query.get('last') ?? '';
  const manifests: Descriptor[] = [];
  let bytes = 0;
  let link: Readonly<Record<string, string>> = {};
  for (const digest of await call.storage.manifests.referrers(name, subject)) {
    if (digest <= last) continue;
    const stored = await call.storage.manifests.get(name, digest);
    const descriptor = stored === undefined ? undefined : describe(stored);
    if (descriptor === undefined) continue;
    if (filter !== null && descriptor.artifactType !== filter) continue;
    bytes += Buffer.byteLength(JSON.stringify(descriptor));
    const previous = manifests.at(-1);
    if (previous !== undefined && bytes > MAX_PAGE_BYTES) {
      const query = { ...(filter !== null && { artifactType: filter }), last: previous.digest };
      link = nextPageLink(`/v2/${name}/referrers/${subject}`, query);
      break;
    }
    manifests.push(descriptor);
  }
  return jsonReply(
    { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests },
    {
      'Content-Type': MEDIA_TYPE.ociIndex,
      ...(filter !== null && { 'OCI-Filters-Applied': 'artifactType' }),
      ...link,
    },
  );
}

function describe({ raw, mediaType, digest }: StoredManifest): Descriptor {
  const manifest = parseManifest(raw, mediaType);
  return describeReferrer(manifest, { mediaType, digest, size: raw.byteLength });
}
