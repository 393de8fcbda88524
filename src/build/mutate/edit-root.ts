import { AppError } from '../../errors/app-error.ts';
import {
  descriptorEntries,
  manifestNode,
  withDescriptor,
  type Json,
} from '../../image/convert/edit-json.ts';
import { formatOf } from '../../image/convert/layer-types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isImageType, isIndexType } from '../../oci/media-types.ts';
import { formatPlatform, matchesPlatform, type Platform } from '../../oci/platform.ts';
import { chooseImages } from './choose-images.ts';
import { isAttestation, platformOfConfig, readConfig } from '../../store/index-entries.ts';
import { manifestDocument, schema1Error } from '../../store/manifests.ts';
import { platformUnknownError } from '../../store/platforms.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { editsFor, withAnnotations, type AnnotationEdit } from '../annotations.ts';
import type { BuiltStore } from '../built-store.ts';
import { replaceChildren, type LeftOut, type ListedChild } from '../proofs.ts';
import { convertedIndex } from './converted-index.ts';
import { editImage, platformIn, type ImageEdits } from './edit-image.ts';

/** What changes in an image, or in the images of an index. */
export interface RootEdits {
  readonly image: ImageEdits;
  readonly annotations: readonly AnnotationEdit[];
  /** The images of an index that change. Absent: all. */
  readonly platforms: readonly Platform[];
  /** Keeps provenance of changed images. */
  readonly keepAttestations: boolean;
  readonly concurrency: number;
}

/** The configuration of one image before and after. */
export interface ImageChange {
  readonly platform: string;
  readonly digest: { readonly before: Digest; readonly after: Digest };
  readonly config: { readonly before: Json; readonly after: Json };
}

export interface EditedRoot {
  readonly root: Descriptor;
  readonly images: readonly ImageChange[];
  readonly leftOut: readonly LeftOut[];
}

interface Where {
  readonly store: ReadStore;
  readonly text: string;
}

/**
 * Changes an image, or the chosen images of an index, at every level of it; the other children stay.
 * @throws AppError PLATFORM_UNKNOWN, PLATFORM_CONFLICT; as editImage does
 */
export class RootEditor {
  readonly #built: BuiltStore;
  readonly #edits: RootEdits;
  readonly #where: Where;
  readonly #call: CallOptions;
  readonly #images: ImageChange[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #indexes = new Map<Digest, Promise<Descriptor>>();
  #chosen: ReadonlySet<Digest> | undefined;

  constructor(built: BuiltStore, where: Where, edits: RootEdits, call: CallOptions) {
    this.#built = built;
    this.#where = where;
    this.#edits = edits;
    this.#call = call;
  }

  async edit(root: Descriptor): Promise<EditedRoot> {
    const { store } = this.#where;
    const manifest = await this.#built.read(store, root, this.#call);
    if (manifest.kind === 'schema1') throw schema1Error(store);
    if (manifest.kind === 'image') return this.#result(await this.#single(root, manifest));
    this.#chosen = await chooseImages(
      this.#built,
      { ...this.#where, index: manifest },
      this.#edits.platforms,
      this.#call,
    );
    this.#requireOnePlatform();
    return this.#result(await this.#index(root, manifest, 0));
  }

  #result(root: Descriptor): EditedRoot {
    return { root, images: this.#images, leftOut: this.#leftOut };
  }

  /** Annotations without a level are of the manifest. */
  async #single(
    root: Descriptor,
    manifest: Parameters<typeof editImage>[1]['manifest'],
  ): Promise<Descriptor> {
    const { annotations, platforms } = this.#edits;
    const { store, text } = this.#where;
    const other = annotations.find(({ level }) => level !== undefined && level !== 'manifest');
    if (other !== undefined) throw noIndex(text, other);
    if (platforms.length > 0) {
      const config = await readConfig(store, manifest.config, text, this.#call);
      const own = platformOfConfig(config);
      for (const wanted of platforms) {
        if (own !== undefined && matchesPlatform(wanted, own)) continue;
        throw platformUnknownError(text, wanted, own === undefined ? [] : [own]);
      }
    }
    return this.#image({ ...root, mediaType: manifest.mediaType }, annotations);
  }

  async #image(
    descriptor: Descriptor,
    annotations: readonly AnnotationEdit[],
  ): Promise<Descriptor> {
    const { store, text } = this.#where;
    const manifest = await this.#built.read(store, descriptor, this.#call);
    if (manifest.kind !== 'image') throw schema1Error(store);
    const site = { store, text, manifest, descriptor };
    const edited = await editImage(this.#built, site, this.#edits.image, annotations, this.#call);
    const platform = descriptor.platform ?? platformIn(edited.before);
    this.#images.push({
      platform: platform === undefined ? '' : formatPlatform(platform),
      digest: { before: descriptor.digest, after: edited.descriptor.digest },
      config: edited,
    });
    const after = platformIn(edited.after);
    return after === undefined ? edited.descriptor : { ...edited.descriptor, platform: after };
  }

  async #index(root: Descriptor, index: IndexManifest, depth: number): Promise<Descriptor> {
    const { annotations, keepAttestations, concurrency, image } = this.#edits;
    const document = manifestDocument(index);
    const entries = descriptorEntries(document['manifests']);
    const children = index.manifests.map((descriptor, at) => {
      this.#built.take(descriptor, this.#where.store);
      return { descriptor, entry: entries[at] ?? {} };
    });
    const changes = await mapParallel(
      children,
      concurrency,
      (child) => this.#child(child, depth),
      this.#call,
    );
    const changed = new Map(
      changes.flatMap((child, at) => {
        const before = children[at]?.descriptor.digest;
        return child === undefined || before === undefined ? [] : [[before, child] as const];
      }),
    );
    const keep = keepAttestations ? { built: this.#built, store: this.#where.store } : undefined;
    const replaced = await replaceChildren(children, changed, keep, this.#call);
    this.#leftOut.push(...replaced.leftOut);
    const listed = replaced.children.map((child) =>
      isAttestation(child.descriptor) ? child : annotatedEntry(child, annotations),
    );
    const own = formatOf(index.mediaType);
    const levels = annotations.filter(({ level }) => level === undefined || level === 'index');
    const body = withAnnotations(
      { ...document, manifests: listed.map(({ entry }) => entry) },
      depth === 0 ? levels : [],
    );
    const to = image.to ?? own;
    if (to === own && JSON.stringify(body) === JSON.stringify(document)) return root;
    const node = manifestNode(body, index.mediaType, root.digest);
    if (to === own || node.manifest.kind !== 'index') return this.#built.addManifest(node);
    const site = { label: this.#where.text, digest: node.descriptor.digest, warn: image.warn };
    const converted = convertedIndex(node.manifest, listed, to, site);
    this.#leftOut.push(...converted.leftOut);
    return this.#built.addManifest(converted.node);
  }

  async #child(child: ListedChild, depth: number): Promise<ListedChild | undefined> {
    const { descriptor, entry } = child;
    if (isIndexType(descriptor.mediaType)) return this.#nested(child, depth);
    const isChosen = this.#chosen?.has(descriptor.digest) === true;
    if (!isChosen || !isImageType(descriptor.mediaType)) return undefined;
    const annotations = editsFor(this.#edits.annotations, 'manifest', descriptor.platform);
    const { image } = this.#edits;
    const idle = image.steps.length + image.config.length + annotations.length === 0;
    if (idle && image.to === undefined) return undefined;
    const edited = await this.#image(descriptor, annotations);
    if (edited.digest === descriptor.digest) return undefined;
    const moved = image.setsPlatform;
    const platform = moved ? edited.platform : descriptor.platform;
    const { annotations: own } = descriptor;
    return {
      descriptor: {
        mediaType: edited.mediaType,
        digest: edited.digest,
        size: edited.size,
        ...(platform === undefined ? {} : { platform }),
        ...(own === undefined ? {} : { annotations: own }),
      },
      entry: {
        ...withDescriptor(entry, edited),
        ...(moved && platform !== undefined ? { platform } : {}),
      },
    };
  }

  async #nested(child: ListedChild, depth: number): Promise<ListedChild | undefined> {
    const { descriptor, entry } = child;
    const inner = await this.#built.read(this.#where.store, descriptor, this.#call);
    if (inner.kind !== 'index') return undefined;
    // The same index may be listed twice; choosing the images has bounded the depth.
    const editing =
      this.#indexes.get(descriptor.digest) ?? this.#index(descriptor, inner, depth + 1);
    this.#indexes.set(descriptor.digest, editing);
    const after = await editing;
    if (after.digest === descriptor.digest) return undefined;
    const { mediaType, digest, size } = after;
    return {
      descriptor: { ...descriptor, mediaType, digest, size },
      entry: withDescriptor(entry, after),
    };
  }

  /** Two images of one platform are no index. */
  #requireOnePlatform(): void {
    const { setsPlatform } = this.#edits.image;
    if (!setsPlatform || (this.#chosen?.size ?? 0) < 2) return;
    throw new AppError('USAGE', `cannot give ${this.#chosen?.size} images one platform`, {
      hint: 'Choose one of them with --platform.',
    });
  }
}

function annotatedEntry(child: ListedChild, annotations: readonly AnnotationEdit[]): ListedChild {
  const { platform } = child.descriptor;
  const edits = editsFor(annotations, 'manifest-descriptor', platform);
  return edits.length === 0 ? child : { ...child, entry: withAnnotations(child.entry, edits) };
}

function noIndex(text: string, { level }: AnnotationEdit): AppError {
  return new AppError('USAGE', `cannot annotate the ${level} of ${text}: it is a single image`, {
    hint: 'Leave out the level, or make an index first: regctl index create --as-index',
  });
}
