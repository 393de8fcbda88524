import { buildTime } from '../../oci/created.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { formatPlatform, normalize, type Platform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/index-entries.ts';

/** What one manifest tells about an image, and what reading more of the image adds. */
export interface ManifestFacts {
  readonly kind: Manifest['kind'];
  readonly mediaType: string;
  /** The type of what is not an image: "application/vnd.cncf.helm.config.v1+json". */
  readonly artifactType: string | undefined;
  readonly platforms: readonly string[];
  /** In milliseconds since 1970. */
  readonly created: number | undefined;
  /** Bytes of configuration and layers; of the shown platform if read for an index. */
  readonly size: number | undefined;
  /** Attestations that an index lists next to its images. */
  readonly attestations: number;
  /** Kinds of the referrers; `undefined`: not asked for. */
  readonly referrers: readonly string[] | undefined;
  /** Whether everything that the row of a tag shows was read. */
  readonly complete: boolean;
}

const CREATED = 'org.opencontainers.image.created';

/** Order of architectures in a list of platforms, the same in every row. */
const COMMON = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64'];

export function factsOf(manifest: Manifest): ManifestFacts {
  const { kind, mediaType, annotations } = manifest;
  const common = { kind, mediaType, referrers: undefined, complete: false };
  const none = { artifactType: manifest.artifactType, platforms: [], attestations: 0 };
  switch (kind) {
    case 'index': {
      const images = manifest.manifests.filter((one) => !isAttestation(one));
      const dates = [annotations, ...images.map((one) => one.annotations)];
      return {
        ...common,
        artifactType: manifest.artifactType,
        platforms: platformNames(images.flatMap(({ platform }) => platform ?? [])),
        created: dates.map((one) => buildTime(one?.[CREATED])).find((time) => time !== undefined),
        size: undefined,
        attestations: manifest.manifests.length - images.length,
      };
    }
    case 'image': {
      const { config, layers } = manifest;
      const isImage = isImageConfigType(config.mediaType) && manifest.artifactType === undefined;
      return {
        ...common,
        ...none,
        artifactType: isImage ? undefined : (manifest.artifactType ?? config.mediaType),
        created: buildTime(annotations?.[CREATED]),
        size: layers.reduce((sum, { size }) => sum + size, config.size),
        complete: !isImage,
      };
    }
    case 'schema1':
      return { ...common, ...none, created: undefined, size: undefined, complete: true };
  }
}

/** Platform names in a fixed order, each once. */
export function platformNames(platforms: readonly Platform[]): readonly string[] {
  const sorted = platforms.map(normalize).toSorted((a, b) => rank(a) - rank(b));
  return [...new Set(sorted.map(formatPlatform))];
}

function rank({ os, architecture }: Platform): number {
  const at = COMMON.indexOf(architecture);
  return (os === 'linux' ? 0 : 100) + (at < 0 ? COMMON.length : at);
}

const MAX_FACTS = 20_000;

/** Referrers may be attached at any time, so they are asked for again after this time. */
const REFERRERS_MS = 60_000;

/** Facts by digest, which never change but for the referrers; the oldest are dropped. */
export class FactsCache {
  readonly #facts = new Map<Digest, { readonly facts: ManifestFacts; readonly at: number }>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  get(digest: Digest): ManifestFacts | undefined {
    const known = this.#facts.get(digest);
    if (known === undefined) return undefined;
    const isOld = this.#now().getTime() - known.at >= REFERRERS_MS;
    return isOld ? { ...known.facts, referrers: undefined } : known.facts;
  }

  set(digest: Digest, facts: ManifestFacts): ManifestFacts {
    this.#facts.delete(digest);
    this.#facts.set(digest, { facts, at: this.#now().getTime() });
    const [oldest] = this.#facts.keys();
    if (this.#facts.size > MAX_FACTS && oldest !== undefined) this.#facts.delete(oldest);
    return facts;
  }
}
