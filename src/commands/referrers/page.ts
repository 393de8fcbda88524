import { labelOf } from '../../artifact/referrers/summary.ts';
import type { ReferrerNode, ReferrerTree, SubjectNode } from '../../artifact/referrers/tree.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { buildTime } from '../../oci/created.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import { displayWidth, padEnd, padStart, truncate } from '../output/width.ts';
import type { Style } from '../result.ts';

export interface PageInfo {
  readonly title: string;
  readonly now: Date;
}

interface Row {
  /** The lines of the tree before the label. */
  readonly lead: string;
  readonly label: string;
  readonly digest: string;
  readonly age: string;
  readonly size: string;
  /** The tag that it was found by; only where there is room for long lines. */
  readonly tag: string;
  readonly isImage: boolean;
}

/** regctl verifies those of cosign only, so this name must not look like a promise. */
const NOTATION = 'Notation signature';

/** Columns from which digests are shown in full. */
const WIDE = 140;

/** Minimum width of a label on a narrow terminal. */
const MIN_LABEL = 12;

/** Renders the tree: type, digest, age and size of each referrer below what it refers to. */
export function page(tree: ReferrerTree, { title, now }: PageInfo, style: Style): string {
  const { root, unread } = tree;
  const short = style.terminal && style.width < WIDE;
  const rows = rowsOf(root, '', { now, short });
  const head = `${style.bold(sanitize(title))} ${style.dim(short ? shortDigest(root.descriptor.digest) : root.descriptor.digest)}`;
  const more = unread === 0 ? [] : [`${unread} attached, types not read`];
  if (rows.length === 0) return [head, 'Nothing refers to it.'].join('\n');
  return [head, ...render(rows, style), ...more].join('\n');
}

function render(rows: readonly Row[], style: Style): readonly string[] {
  const widest = (of: (row: Row) => string): number =>
    Math.max(0, ...rows.map((row) => displayWidth(of(row))));
  const digests = widest(({ digest }) => digest);
  const ages = widest(({ age }) => age);
  const sizes = widest(({ size }) => size);
  const rest = digests + ages + sizes + 6;
  const wanted = widest(({ lead, label }) => lead + label);
  const labels = style.terminal
    ? Math.min(wanted, Math.max(MIN_LABEL, style.width - rest))
    : wanted;
  return rows.map(({ lead, label, digest, age, size, tag, isImage }) => {
    const room = labels - displayWidth(lead);
    const name = padEnd(truncate(label, room), room);
    const cells = [
      style.dim(lead) + (isImage ? style.bold(name) : name),
      style.dim(padEnd(digest, digests)),
      padEnd(age, ages),
      padStart(size, sizes),
      tag,
    ];
    return cells.join('  ').trimEnd();
  });
}

interface RowOptions {
  readonly now: Date;
  readonly short: boolean;
}

/** Referrers first, then the images of an index that have any. */
function rowsOf(subject: SubjectNode, indent: string, options: RowOptions): readonly Row[] {
  const children = subject.children.filter(hasReferrers);
  const nodes = [...subject.referrers, ...children];
  return nodes.flatMap((node, at) => {
    const isLast = at === nodes.length - 1;
    const lead = `${indent}${isLast ? '└── ' : '├── '}`;
    const below = `${indent}${isLast ? '    ' : '│   '}`;
    return [rowOf(node, lead, options), ...rowsOf(asSubject(node), below, options)];
  });
}

function hasReferrers({ referrers, children }: SubjectNode): boolean {
  return referrers.length > 0 || children.some(hasReferrers);
}

const asSubject = (node: SubjectNode | ReferrerNode): SubjectNode =>
  'children' in node ? node : { ...node, children: [] };

function rowOf(node: SubjectNode | ReferrerNode, lead: string, { now, short }: RowOptions): Row {
  const { digest, size } = node.descriptor;
  const shown = short ? shortDigest(digest) : digest;
  if ('children' in node) {
    const label = node.platform === undefined ? 'image' : formatPlatform(node.platform);
    return {
      lead,
      label: sanitize(label),
      digest: shown,
      age: '',
      size: '',
      tag: '',
      isImage: true,
    };
  }
  const bytes = node.contents?.reduce((sum, one) => sum + one.descriptor.size, 0) ?? size;
  return {
    lead,
    label: sanitize(node.kinds.includes(NOTATION) ? `${NOTATION} (not verified)` : labelOf(node)),
    digest: shown,
    age: formatAge(buildTime(node.created), now),
    size: formatSize(bytes),
    tag: short ? '' : sanitize(node.tag ?? ''),
    isImage: false,
  };
}
