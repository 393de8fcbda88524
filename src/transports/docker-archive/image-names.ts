import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { fullName, shortName } from './name.ts';

/** The names that one run of the program gives to images of a Docker archive. */
export class ImageNames {
  readonly #ref: string | undefined;
  /** By full name: "docker.io/library/busybox:latest". */
  readonly #digests = new Map<string, Digest>();
  /** Everything that had a name in this run. */
  readonly #named = new Set<Digest>();

  /** `ref`: the name in the archive's location, which completes a bare tag. */
  constructor(ref: string | undefined) {
    this.#ref = ref;
  }

  /** A tag or name in full; `undefined` when it is no name for an image. */
  inFull(ref: string): string | undefined {
    return fullName(ref, this.#ref);
  }

  /** @throws AppError INVALID_REFERENCE */
  require(tag: string): string {
    const full = this.inFull(tag);
    if (full !== undefined) return full;
    throw new AppError('INVALID_REFERENCE', `"${sanitize(tag)}" is no name for an image`, {
      hint: 'In a Docker archive images have a repository and a tag: NAME:TAG.',
    });
  }

  set(full: string, digest: Digest): void {
    this.#digests.set(full, digest);
    this.#named.add(digest);
  }

  /** A digest stands for itself; a name for the image that got it in this run. */
  digestOf(ref: string): Digest | undefined {
    if (isDigest(ref)) return ref;
    const full = this.inFull(ref);
    return full === undefined ? undefined : this.#digests.get(full);
  }

  /** Every name, as Docker writes it. */
  all(): readonly string[] {
    return [...this.#digests.keys()].map(shortName);
  }

  /** The names of one image, as Docker writes them. */
  of(digest: Digest): readonly string[] {
    return this.inFullOf(digest).map(shortName);
  }

  /** The names of one image in full. */
  inFullOf(digest: Digest): readonly string[] {
    return [...this.#digests].filter(([, own]) => own === digest).map(([full]) => full);
  }

  /** Whether a pushed image stays: it goes when another one took its last name. */
  keeps(digest: Digest): boolean {
    return !this.#named.has(digest) || this.of(digest).length > 0;
  }

  /** Those names of an old image that no other image took. */
  leftOf(names: readonly string[]): readonly string[] {
    return names.filter((name) => !this.#digests.has(fullName(name) ?? name));
  }
}
