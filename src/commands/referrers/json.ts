import type { AskedType } from '../../artifact/referrers/asked-type.ts';
import type { ReferrerNode, ReferrerTree, SubjectNode } from '../../artifact/referrers/tree.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { referrerJson } from '../output/referrer-json.ts';

export interface JsonOptions {
  /** The repository: "registry.example.com/app". */
  readonly name: string;
  /** `oras`: as `oras discover --format json`; `index`: as regclient's raw body. */
  readonly form: string | undefined;
}

export function jsonOf(tree: ReferrerTree, { name, form }: JsonOptions): unknown {
  if (form === 'oras') return orasJson(tree.root, name);
  if (form === 'index') return indexJson(tree.root);
  return { Name: name, ...subjectJson(tree.root), Unread: tree.unread };
}

/** Keeps what is of the type, and what leads to it. */
export function keepType(tree: ReferrerTree, type: AskedType): ReferrerTree {
  const kept = (nodes: readonly ReferrerNode[]): readonly ReferrerNode[] =>
    nodes
      .map((node) => ({ ...node, referrers: kept(node.referrers) }))
      .filter((node) => type.matches(node) || node.referrers.length > 0);
  const subject = (node: SubjectNode): SubjectNode => ({
    ...node,
    referrers: kept(node.referrers),
    children: node.children.map(subject),
  });
  return { ...tree, root: subject(tree.root) };
}

function subjectJson({ descriptor, platform, referrers, children }: SubjectNode): object {
  return {
    Digest: descriptor.digest,
    MediaType: descriptor.mediaType,
    ...(platform === undefined ? {} : { Platform: formatPlatform(platform) }),
    Referrers: referrers.map(referrerJson),
    Children: children.map(subjectJson),
  };
}

/** Only what the referrers API lists, as ORAS knows no other source. */
function orasJson({ descriptor, referrers }: SubjectNode, name: string): object {
  return orasNode(descriptor, referrers, name);
}

function orasNode(
  descriptor: SubjectNode['descriptor'],
  referrers: readonly ReferrerNode[],
  name: string,
): object {
  const { mediaType, digest, size, annotations, artifactType } = descriptor;
  return {
    reference: `${name}@${digest}`,
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
    referrers: listed(referrers).map((node) => orasNode(node.descriptor, node.referrers, name)),
  };
}

function indexJson({ referrers }: SubjectNode): object {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: listed(referrers).map(({ descriptor }) => {
      const { mediaType, digest, size, annotations, artifactType } = descriptor;
      return { mediaType, digest, size, annotations, artifactType };
    }),
  };
}

function listed(referrers: readonly ReferrerNode[]): readonly ReferrerNode[] {
  return referrers.filter(({ source }) => source === 'referrers');
}
