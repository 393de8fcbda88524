import type { ReferrerNode } from '../../artifact/referrers/tree.ts';

/** A referrer in JSON, with what refers to it. */
export function referrerJson(node: ReferrerNode): object {
  const { descriptor, contents } = node;
  return {
    Digest: descriptor.digest,
    MediaType: descriptor.mediaType,
    Size: descriptor.size,
    ArtifactType: node.artifactType ?? null,
    Kinds: node.kinds,
    Types: node.types,
    Created: node.created ?? null,
    Source: node.source,
    ...(node.tag === undefined ? {} : { Tag: node.tag }),
    Annotations: descriptor.annotations ?? null,
    Contents:
      contents?.map((one) => ({
        Digest: one.descriptor.digest,
        MediaType: one.descriptor.mediaType,
        Size: one.descriptor.size,
        Type: one.type,
        Kind: one.kind ?? null,
        ...(one.title === undefined ? {} : { Title: one.title }),
      })) ?? null,
    Referrers: node.referrers.map(referrerJson),
  };
}
