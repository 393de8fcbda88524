import type { Descriptor } from '../../oci/descriptor.ts';
import { hexOf, type Digest } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isImageConfigType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { ManifestFacts } from '../types.ts';

/** Annotations of BuildKit's attestation manifests in an index. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const CREATED = 'org.opencontainers.image.created';

/** When a registry received a manifest, and when it was last pulled, as far as it says. */
export type Times = Pick<ManifestFacts, 'pushed' | 'pulled'>;

/** The facts of a repository's manifests, in little memory: there may be tens of thousands. */
export class FactsOfManifests {
  readonly manifests = new Map<Digest, ManifestFacts>();
  /** The configurations of images, if dates are wanted. */
  readonly configs = new Map<Digest, Descriptor>();
  readonly #dates: boolean;
  readonly #names = new Map<string, string>();

  constructor({ dates }: { readonly dates: boolean }) {
    this.#dates = dates;
  }

  add(digest: Digest, manifest: Manifest, times: Times): void {
    const { mediaType, raw, subject, annotations } = manifest;
    const entries = manifest.kind === 'index' ? manifest.manifests : [];
    const children = entries.filter((one) => isManifestType(one.mediaType));
    const blobs =
      manifest.kind === 'image'
        ? [manifest.config, ...manifest.layers]
        : entries.filter((one) => !isManifestType(one.mediaType));
    if (this.#dates && manifest.kind === 'image') this.#noteConfig(digest, manifest.config);
    this.manifests.set(digest, {
      digest,
      mediaType: this.name(mediaType),
      size: raw.byteLength,
      children: this.#namesOf(children),
      attestations: this.#namesOf(
        children.filter((one) => one.annotations?.[REFERENCE_TYPE] === 'attestation-manifest'),
      ),
      subject: subject === undefined ? undefined : this.name(subject.digest),
      // A slice has no room to grow, which the list was built with.
      blobs: blobs.flatMap((one) => [keyOf(one.digest), one.size]).slice(),
      isIndex: isIndexType(mediaType),
      annotated: annotations?.[CREATED],
      created: undefined,
      ...times,
    });
  }

  /** Returns one shared string for equal texts. */
  name<T extends string>(text: T): T {
    const known = this.#names.get(text);
    if (known !== undefined) return known as T;
    this.#names.set(text, text);
    return text;
  }

  #namesOf(some: readonly Descriptor[]): readonly Digest[] {
    return some.length === 0 ? NONE : some.map((one) => this.name(one.digest));
  }

  #noteConfig(digest: Digest, config: Descriptor): void {
    if (!isImageConfigType(config.mediaType)) return;
    this.configs.set(digest, { ...config, mediaType: this.name(config.mediaType) });
  }
}

const NONE: readonly never[] = [];

/**
 * A key of eight bytes instead of a hundred: layers outnumber everything else in a repository, and
 * only their sizes count.
 */
function keyOf(digest: Digest): number {
  return Number.parseInt(hexOf(digest).slice(0, 13), 16);
}
