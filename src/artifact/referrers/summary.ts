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

/** The order in which people ask for them; other types follow. */
const ORDER = [
  'signature',
  'Notation',
  'SBOM',
  'provenance',
  'vulnerability',
  'VEX',
  'attestation',
];

function counted(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([name, count]) => (count === 1 ? name : several(name, count)));
}

function rank(name: string): number {
  const at = ORDER.findIndex((start) => name.startsWith(start));
  return at < 0 ? ORDER.length : at;
}

const COUNTED = /^(?:Notation signature|signature|SBOM|vulnerability report|attestation)/u;

/** "2 SBOMs (SPDX)"; types in full get a number, and what has no plural stays. */
function several(name: string, count: number): string {
  if (name.includes('/')) return `${count} ${name}`;
  return COUNTED.test(name) ? `${count} ${name.replace(COUNTED, '$&s')}` : name;
}
