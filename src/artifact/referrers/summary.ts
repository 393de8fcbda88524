import type { DescribedReferrer } from './types.ts';
import type { ReferrerNode, SubjectNode } from './tree.ts';

/** Every referrer of an image, its children and their referrers, in the order of the tree. */
export function allReferrers(tree: SubjectNode): readonly ReferrerNode[] {
  return [...below(tree.referrers), ...tree.children.flatMap(allReferrers)];
}

function below(nodes: readonly ReferrerNode[]): readonly ReferrerNode[] {
  return nodes.flatMap((node) => [node, ...below(node.referrers)]);
}

/** What a referrer holds, each type once or with its number: "2 signatures", "SBOM (SPDX)". */
export function labelOf(referrer: DescribedReferrer): string {
  return counted(namesOf(referrer)).join(', ');
}

/** "2 signatures, SBOM (SPDX), provenance (SLSA)"; empty for none. */
export function summaryOf(referrers: readonly DescribedReferrer[]): string {
  return counted(referrers.flatMap(namesOf)).join(', ');
}

function namesOf(one: DescribedReferrer): readonly string[] {
  const kinds = (one.contents ?? []).flatMap(({ kind }) => kind ?? []);
  if (kinds.length > 0) return kinds;
  return one.kinds.length > 0 ? one.kinds : [one.artifactType ?? one.descriptor.mediaType];
}

function counted(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} ${plural(name)}`));
}

/** "SBOM (SPDX)" → "SBOMs (SPDX)"; types in full, and what has no plural, stay. */
function plural(name: string): string {
  if (name.includes('/')) return name;
  return name.replace(
    /^(?:Notation signature|signature|SBOM|vulnerability report|attestation)/u,
    '$&s',
  );
}
