import type {
  Comparison,
  PlatformDifferences,
  PlatformOnOneSide,
  ValueDifference,
} from '../../image/compare.ts';
import type { FileDifferences, FileOnOneSide } from '../../image/files/compare-trees.ts';
import { readable } from '../../image/tar/byte-text.ts';
import type { Descriptor } from '../../oci/descriptor.ts';

/** The comparison with regctl's names of members. */
export function comparisonJson(
  [a, b]: readonly [string, string],
  { roots, isEqual, manifest, platforms }: Comparison,
): unknown {
  return {
    A: { Name: a, Digest: roots[0].digest },
    B: { Name: b, Digest: roots[1].digest },
    Equal: isEqual,
    Manifest: manifest.map(valueJson),
    Platforms: platforms.map(platformJson),
  };
}

function platformJson(one: PlatformDifferences | PlatformOnOneSide): unknown {
  if (one.only !== undefined) return { Platform: one.platform, Only: one.only.toUpperCase() };
  const { platform, digests, manifest, config, layers, files } = one;
  return {
    Platform: platform,
    Digests: digests,
    Manifest: manifest.map(valueJson),
    Config: config.map(valueJson),
    Layers: {
      Same: layers.same,
      OnlyA: layers.onlyA.map(layerJson),
      OnlyB: layers.onlyB.map(layerJson),
    },
    Files: files === undefined ? null : filesJson(files),
  };
}

function valueJson({ pointer, a, b }: ValueDifference): unknown {
  return { Pointer: pointer, A: a ?? null, B: b ?? null };
}

function layerJson({ mediaType, digest, size }: Descriptor): unknown {
  return { Digest: digest, Size: size, MediaType: mediaType };
}

function filesJson({ added, gone, changed }: FileDifferences): unknown {
  return {
    Added: added.map(fileJson),
    Gone: gone.map(fileJson),
    Changed: changed.map(({ path, what, size }) => ({
      Path: readable(`/${path}`),
      What: what,
      Size: size,
    })),
  };
}

function fileJson({ path, type, size }: FileOnOneSide): unknown {
  return { Path: readable(`/${path}`), Type: type, Size: size };
}
