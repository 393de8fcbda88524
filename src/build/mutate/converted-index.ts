import { manifestNode, type ManifestNode } from '../../image/convert/edit-json.ts';
import { convertIndex } from '../../image/convert/index-manifest.ts';
import type { ManifestFormat } from '../../image/convert/types.ts';
import type { Digest } from '../../oci/digest.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isAttestation } from '../../store/index-entries.ts';
import { manifestDocument } from '../../store/manifests.ts';
import type { LeftOut, ListedChild } from '../proofs.ts';

interface Site {
  readonly label: string;
  readonly digest: Digest;
  readonly warn: (text: string) => void;
}

/**
 * An index in the other format, whose entries have their new images already. Docker's lists hold no
 * attestations.
 */
export function convertedIndex(
  index: IndexManifest,
  children: readonly ListedChild[],
  to: ManifestFormat,
  site: Site,
): { readonly node: ManifestNode; readonly leftOut: readonly LeftOut[] } {
  const attestations =
    to === 'v2s2' ? children.filter(({ descriptor }) => isAttestation(descriptor)) : [];
  const kept = children.filter((child) => !attestations.includes(child));
  // Docker's lists have none by their specification; like other programs, regctl keeps them.
  const { annotations, ...document } = manifestDocument(index);
  const { manifest } = manifestNode(document, index.mediaType, site.digest);
  const made = convertIndex(
    manifest.kind === 'index' ? manifest : index,
    kept.map(({ descriptor, entry }) => ({
      before: descriptor,
      entry,
      after: descriptor,
      platform: descriptor.platform,
    })),
    to,
    site,
  );
  const count = attestations.length;
  return {
    node:
      annotations === undefined
        ? made
        : manifestNode(
            { ...manifestDocument(made.manifest), annotations },
            made.descriptor.mediaType,
            site.digest,
          ),
    leftOut: count === 0 ? [] : [{ platform: 'all platforms', count }],
  };
}
