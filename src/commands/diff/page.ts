import { sanitize } from '../../errors/sanitize.ts';
import type {
  Comparison,
  LayerDifferences,
  PlatformDifferences,
  ValueDifference,
} from '../../image/compare.ts';
import type { FileDifferences } from '../../image/files/compare-trees.ts';
import { displayed } from '../../image/tar/byte-text.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { shortDigest } from '../../oci/digest.ts';
import { formatSize } from '../../util/text/units.ts';
import type { Style } from '../result.ts';

/** One line for each difference, so that a search in it finds what it belongs to. */
export function comparisonPage(
  [a, b]: readonly [string, string],
  { roots, isEqual, manifest, platforms }: Comparison,
  style: Style,
): string {
  const head = [
    `A  ${sanitize(a)} ${style.dim(roots[0].digest)}`,
    `B  ${sanitize(b)} ${style.dim(roots[1].digest)}`,
  ];
  if (isEqual) return [...head, 'They are the same.'].join('\n');
  const lines = platforms.flatMap((one) =>
    one.only === undefined
      ? [style.bold(one.platform), ...platformLines(one, style)]
      : [`${style.bold(one.platform)}  only in ${one.only.toUpperCase()}`],
  );
  // A single image is its own root.
  const isIndex = platforms.some(
    (one) => one.only !== undefined || one.digests[0] !== roots[0].digest,
  );
  const root = isIndex ? manifest.map((one) => valueLine('index', one)) : [];
  return [...head, ...root, ...lines].join('\n');
}

function platformLines(one: PlatformDifferences, style: Style): readonly string[] {
  const { digests, manifest, config, layers, files } = one;
  if (digests[0] === digests[1]) return ['  the same'];
  return [
    ...manifest.map((each) => valueLine('manifest', each)),
    ...config.map((each) => valueLine('config', each)),
    layersLine(layers),
    ...(files === undefined ? [] : fileLines(files, style)),
  ];
}

/** Longer values are cut: the JSON has all of them. */
const MAX_VALUE = 200;

function valueLine(part: string, { pointer, a, b }: ValueDifference): string {
  return `  ${part} ${sanitize(pointer)}: ${shown(a)} -> ${shown(b)}`;
}

function shown(value: unknown): string {
  const text = value === undefined || value === null ? '(none)' : JSON.stringify(value);
  return sanitize(text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text);
}

function layersLine({ same, onlyA, onlyB }: LayerDifferences): string {
  return `  layers ${same} in both${layersOfSide('A', onlyA)}${layersOfSide('B', onlyB)}`;
}

function layersOfSide(name: string, layers: readonly Descriptor[]): string {
  if (layers.length === 0) return '';
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  const digests = layers.map(({ digest }) => shortDigest(digest)).join(' ');
  return `, ${layers.length} only in ${name} (${formatSize(bytes)}: ${digests})`;
}

function fileLines({ added, gone, changed }: FileDifferences, style: Style): readonly string[] {
  const all = [
    ...added.map(({ path, size }) => ({
      path,
      line: style.green(`  + /${displayed(path)} ${formatSize(size)}`),
    })),
    ...gone.map(({ path, size }) => ({
      path,
      line: style.red(`  - /${displayed(path)} ${formatSize(size)}`),
    })),
    ...changed.map(({ path, what, size: [before, after] }) => {
      const size =
        before === after ? formatSize(after) : `${formatSize(before)} -> ${formatSize(after)}`;
      return {
        path,
        line: style.yellow(`  ~ /${displayed(path)} ${size} (${what.join(', ')})`),
      };
    }),
  ];
  if (all.length === 0) return ['  files the same'];
  return all.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ line }) => line);
}
