import { AppError } from '../../errors/app-error.ts';
import { manifestNode, type Json, type ManifestNode } from '../../image/convert/edit-json.ts';
import { formatOf } from '../../image/convert/layer-types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { formatPlatform, matchesPlatform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/index-entries.ts';
import { manifestDocument } from '../../store/manifests.ts';
import type { CallOptions } from '../../util/abort.ts';
import { editsFor, withAnnotations, type AnnotationEdit } from '../annotations.ts';
import type { BuiltStore } from '../built-store.ts';
import { replaceChildren, type LeftOut, type ListedChild } from '../proofs.ts';
import { imagesOf, type IndexChild } from './children.ts';

export interface IndexOptions {
  readonly annotations: readonly AnnotationEdit[];
  readonly subject?: Descriptor | undefined;
  readonly artifactType?: string | undefined;
  /** The index before the change: members that regctl does not know are kept. */
  readonly before?: IndexManifest | undefined;
}

export interface BuiltIndex {
  readonly node: ManifestNode;
  readonly children: readonly ListedChild[];
  /** Attestations of images whose manifest got an annotation. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Makes an index of `children`. It is a Docker manifest list if that can hold all of them, else an
 * OCI index.
 * @throws AppError PLATFORM_UNKNOWN for an annotation of a platform that is not there; UNSUPPORTED
 */
export async function buildIndex(
  built: BuiltStore,
  children: readonly IndexChild[],
  { annotations, subject, artifactType, before }: IndexOptions,
  call: CallOptions,
): Promise<BuiltIndex> {
  requirePlatforms(annotations, children);
  const changed = new Map<Descriptor['digest'], ListedChild>();
  for (const child of imagesOf(children)) {
    const edits = editsFor(annotations, 'manifest', child.platform);
    if (edits.length > 0)
      changed.set(child.descriptor.digest, await annotated(built, child, edits, call));
  }
  const replaced = await replaceChildren(children, changed, undefined, call);
  const listed = replaced.children.map(({ descriptor, entry }) =>
    isAttestation(descriptor)
      ? { descriptor, entry }
      : {
          descriptor,
          entry: withAnnotations(
            entry,
            editsFor(annotations, 'manifest-descriptor', descriptor.platform),
          ),
        },
  );
  const node = nodeOf(listed, editsFor(annotations, 'index'), { subject, artifactType, before });
  built.addManifest(node);
  return { node, children: listed, leftOut: replaced.leftOut };
}

function nodeOf(
  children: readonly ListedChild[],
  annotations: readonly AnnotationEdit[],
  { subject, artifactType, before }: Omit<IndexOptions, 'annotations'>,
): ManifestNode {
  const document = before === undefined ? {} : manifestDocument(before);
  const entries = children.map(({ entry }) => entry);
  const body = withAnnotations({ ...document, schemaVersion: 2 }, annotations);
  const fitsDocker =
    subject === undefined &&
    artifactType === undefined &&
    body['annotations'] === undefined &&
    (before === undefined || before.mediaType === MEDIA_TYPE.dockerList) &&
    children.length > 0 &&
    children.every(
      ({ descriptor, entry }) =>
        formatOf(descriptor.mediaType) === 'v2s2' &&
        entry['platform'] !== undefined &&
        entry['annotations'] === undefined,
    );
  const mediaType = fitsDocker ? MEDIA_TYPE.dockerList : MEDIA_TYPE.ociIndex;
  const { annotations: own, subject: _subject, ...rest } = body;
  const about =
    subject === undefined
      ? body['subject']
      : { mediaType: subject.mediaType, digest: subject.digest, size: subject.size };
  return manifestNode(
    {
      ...rest,
      mediaType,
      ...(artifactType === undefined ? {} : { artifactType }),
      manifests: entries,
      ...(about === undefined ? {} : { subject: about }),
      ...(own === undefined ? {} : { annotations: own }),
    },
    mediaType,
  );
}

/** A child whose manifest has other annotations, and so another digest. */
async function annotated(
  built: BuiltStore,
  child: IndexChild,
  edits: readonly AnnotationEdit[],
  call: CallOptions,
): Promise<ListedChild> {
  const store = built.originOf(child.descriptor);
  if (store === undefined) throw new Error('a child has an origin');
  const manifest = await built.read(store, child.descriptor, call);
  const body = withAnnotations(manifestDocument(manifest), edits);
  const node = manifestNode(body, manifest.mediaType, child.descriptor.digest);
  const { data: _data, ...entry } = child.entry;
  const { mediaType, digest, size } = built.addManifest(node);
  return {
    descriptor: { ...child.descriptor, digest, size },
    entry: { ...entry, mediaType, digest, size } satisfies Json,
  };
}

/** @throws AppError PLATFORM_UNKNOWN */
function requirePlatforms(edits: readonly AnnotationEdit[], children: readonly IndexChild[]): void {
  const platforms = imagesOf(children).flatMap(({ platform }) => platform ?? []);
  for (const { platform, key } of edits) {
    if (platform === undefined || platforms.some((one) => matchesPlatform(platform, one))) continue;
    const name = formatPlatform(platform);
    throw new AppError('PLATFORM_UNKNOWN', `cannot annotate ${name}: the index does not have it`, {
      why: [`the annotation is ${key}`],
      hint: `Available platforms: ${platforms.map(formatPlatform).join(', ')}.`,
    });
  }
}
