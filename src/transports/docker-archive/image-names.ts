import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { fullName, shortName } from './name.ts';

/** The names that one run gives to images in a Docker archive. */
export class ImageNames {
  readonly #ref: string | undefined;
  readonly #isFull: boolean;
  /** By full name, such as "docker.io/library/busybox:latest". */
  readonly #digests = new Map<string, Digest>();
  /** Every image that had a name at some point in this run. */
  readonly #named = new Set<Digest>();

  /**
   * `ref`: the image name in the archive's location; it completes a tag without a repository.
   * `isFull`: whether the archive has full names, instead of Docker's short form.
   */
  constructor(ref: string | undefined, isFull = false) {
    this.#ref = ref;
    this.#isFull = isFull;
  }

  /** The full form of a tag or name; `undefined` if it is not a valid image name. */
  inFull(ref: string): string | undefined {
    return fullName(ref, this.#ref);
  }

  /** @throws AppError INVALID_REFERENCE */
  require(tag: string): string {
    const full = this.inFull(tag);
    if (full !== undefined) return full;
    throw new AppError('INVALID_REFERENCE', `"${sanitize(tag)}" is not an image name`, {
      hint: 'In a Docker archive images have a repository and a tag: NAME:TAG.',
    });
  }

  set(full: string, digest: Digest): void {
    this.#digests.set(full, digest);
    this.#named.add(digest);
  }

  /** Returns a digest as it is; for a name, the image that got it in this run. */
  digestOf(ref: string): Digest | undefined {
    if (isDigest(ref)) return ref;
    const full = this.inFull(ref);
    return full === undefined ? undefined : this.#digests.get(full);
  }

  /** Every name, in Docker's short form. */
  all(): readonly string[] {
    return [...this.#digests.keys()].map(shortName);
  }

  /** The names of one image, as the archive has them. */
  of(digest: Digest): readonly string[] {
    const full = this.inFullOf(digest);
    return this.#isFull ? full : full.map(shortName);
  }

  /** The full names of one image. */
  inFullOf(digest: Digest): readonly string[] {
    return [...this.#digests].filter(([, own]) => own === digest).map(([full]) => full);
  }

  /** Whether a pushed image is kept: not if another image took its last name. */
  keeps(digest: Digest): boolean {
    return !this.#named.has(digest) || this.of(digest).length > 0;
  }

  /** The names of an old image that no other image took. */
  leftOf(names: readonly string[]): readonly string[] {
    return names.filter((name) => !this.#digests.has(fullName(name) ?? name));
  }
}
