import { digestOf, isDigest } from '../../../src/oci/digest.ts';

export interface Stored {
  readonly type: string;
  readonly bytes: Buffer;
}

interface Repository {
  readonly manifests: Map<string, Stored>;
  readonly tags: Map<string, string>;
  readonly blobs: Set<string>;
}

/** What a stand-in holds: repositories that were made, their manifests, and blobs of all of them. */
export class Content {
  readonly #repositories = new Map<string, Repository>();
  readonly #blobs = new Map<string, Buffer>();

  make(name: string): Repository {
    const found = this.#repositories.get(name);
    if (found !== undefined) return found;
    const made = { manifests: new Map(), tags: new Map(), blobs: new Set<string>() };
    this.#repositories.set(name, made);
    return made;
  }

  names(): string[] {
    return [...this.#repositories.keys()].toSorted();
  }

  isMade(name: string): boolean {
    return this.#repositories.has(name);
  }

  tags(name: string): string[] {
    return [...this.make(name).tags.keys()].toSorted();
  }

  tagsOf(name: string, digest: string): string[] {
    return [...this.make(name).tags].filter(([, at]) => at === digest).map(([tag]) => tag);
  }

  manifest(name: string, ref: string): (Stored & { readonly digest: string }) | undefined {
    const { manifests, tags } = this.make(name);
    const digest = isDigest(ref) ? ref : (tags.get(ref) ?? '');
    const found = manifests.get(digest);
    return found && { ...found, digest };
  }

  putManifest(name: string, ref: string, stored: Stored): string {
    const digest = digestOf(stored.bytes);
    const { manifests, tags } = this.make(name);
    manifests.set(digest, stored);
    if (!isDigest(ref)) tags.set(ref, digest);
    return digest;
  }

  /** Descriptors of what names `digest` as its subject. */
  referring(name: string, digest: string): unknown[] {
    return [...this.make(name).manifests].flatMap(([own, { type, bytes }]) => {
      const parsed = JSON.parse(bytes.toString()) as { subject?: { digest?: string } };
      const refers = parsed.subject?.digest === digest;
      return refers ? [{ mediaType: type, digest: own, size: bytes.length }] : [];
    });
  }

  removeManifest(name: string, digest: string): void {
    const { manifests, tags } = this.make(name);
    manifests.delete(digest);
    for (const tag of this.tagsOf(name, digest)) tags.delete(tag);
  }

  removeTag(name: string, tag: string): void {
    this.make(name).tags.delete(tag);
  }

  blob(name: string, digest: string): Buffer | undefined {
    return this.make(name).blobs.has(digest) ? this.#blobs.get(digest) : undefined;
  }

  putBlob(name: string, digest: string, bytes: Buffer): void {
    this.#blobs.set(digest, bytes);
    this.make(name).blobs.add(digest);
  }

  mount(name: string, digest: string, from: string): boolean {
    const bytes = this.isMade(from) ? this.blob(from, digest) : undefined;
    if (bytes !== undefined) this.putBlob(name, digest, bytes);
    return bytes !== undefined;
  }
}
