import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Capabilities, ReadStore, ResolveOptions } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import { bytesOf, type Bytes, skipBytes } from '../../util/bytes.ts';
import type { DockerImageEntry } from './manifest-json.ts';
import { fullName, shortName } from './name.ts';
import type { DockerArchiveFile } from './archive.ts';

/** The most names that a hint lists. */
const SHOWN_NAMES = 20;

/** Reads the images of an archive. */
export class DockerArchiveReader implements ReadStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly #saved: DockerArchiveFile;

  constructor(label: string, archive: DockerArchiveFile) {
    this.label = label;
    this.#saved = archive;
    this.capabilities = {
      tags: {
        async *tags() {
          const names = namesIn(archive.images);
          if (names.length > 0) yield names;
        },
      },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    if (ref === undefined || !isDigest(ref))
      return (await this.#saved.synthesize(this.#imageOf(ref), options)).descriptor;
    const found = await this.#saved.find(ref, options);
    if (found !== undefined) return found.descriptor;
    throw new AppError('MANIFEST_UNKNOWN', `${this.label} has no manifest ${ref}`);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    if (isManifestType(descriptor.mediaType))
      return (await this.#saved.find(descriptor.digest, options)) !== undefined;
    await this.#saved.synthesizeAll(options);
    return this.#saved.memberOf(descriptor.digest)?.size === descriptor.size;
  }

  async fetch(
    descriptor: Descriptor,
    options?: CallOptions & { from?: number | undefined },
  ): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    const bytes = isManifestType(descriptor.mediaType)
      ? await this.#manifest(descriptor, options)
      : await this.#blob(descriptor, options);
    return skipBytes(verified(bytes, descriptor, this.label), options?.from ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saved.tar[Symbol.asyncDispose]();
  }

  async #manifest(descriptor: Descriptor, options?: CallOptions): Promise<Bytes> {
    const found = await this.#saved.find(descriptor.digest, options);
    if (found !== undefined) return bytesOf(found.manifest.raw);
    throw new AppError('MANIFEST_UNKNOWN', `${this.label} does not have ${descriptor.digest}`);
  }

  async #blob({ digest, size }: Descriptor, options?: CallOptions): Promise<Bytes> {
    if (this.#saved.memberOf(digest) === undefined) await this.#saved.synthesizeAll(options);
    const member = this.#saved.memberOf(digest);
    if (member === undefined)
      throw new AppError('BLOB_UNKNOWN', `${this.label} does not have ${digest}`);
    if (member.size === size) return this.#saved.tar.read(member, options);
    throw new IntegrityError(
      'SIZE_MISMATCH',
      `${this.label}: ${digest} has ${member.size} bytes, its descriptor says ${size}`,
      { expected: String(size), actual: String(member.size) },
    );
  }

  /**
   * Finds an image by name or "@INDEX"; without either, the only image.
   * @throws AppError MANIFEST_UNKNOWN
   */
  #imageOf(ref: string | undefined): DockerImageEntry {
    const { images } = this.#saved;
    if (ref === undefined) {
      const [only, second] = images;
      if (only !== undefined && second === undefined) return only;
      throw unknown(this.label, images, undefined);
    }
    const found = ref.startsWith('@') ? images[Number(ref.slice(1))] : imageNamed(images, ref);
    if (found === undefined) throw unknown(this.label, images, ref);
    return found;
  }
}

/** Finds an image by name; the last match wins, as in `docker load`. */
export function imageNamed(
  images: readonly DockerImageEntry[],
  name: string,
): DockerImageEntry | undefined {
  const full = fullName(name);
  if (full === undefined) return undefined;
  return images.findLast(({ RepoTags }) => RepoTags.some((tag) => fullName(tag) === full));
}

/** Every name once, in its short form. */
export function namesIn(images: readonly DockerImageEntry[]): string[] {
  const names = images
    .flatMap(({ RepoTags }) => RepoTags)
    .map((name) => {
      const full = fullName(name);
      return full === undefined ? name : shortName(full);
    });
  return [...new Set(names)];
}

function unknown(
  label: string,
  images: readonly DockerImageEntry[],
  ref: string | undefined,
): AppError {
  const names = namesIn(images);
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  const more = names.length > SHOWN_NAMES ? `, and ${names.length - SHOWN_NAMES} more` : '';
  if (images.length === 0) return new AppError('MANIFEST_UNKNOWN', `${label} holds no images`);
  const has = names.length === 0 ? 'Its images have no names' : `It has: ${shown}${more}`;
  const hint = `${has}; ${label}:@0 is the first.`;
  return ref === undefined
    ? new AppError(
        'MANIFEST_UNKNOWN',
        `${label} holds ${images.length} images, and no name was given`,
        { hint },
      )
    : new AppError('MANIFEST_UNKNOWN', `${label} has no image "${ref}"`, { hint });
}
