import { AppError } from '../../errors/app-error.ts';
import {
  manifestNode,
  withDescriptor,
  type Json,
  type ManifestNode,
} from '../../image/convert/edit-json.ts';
import { convertImage } from '../../image/convert/image-manifest.ts';
import { formatOf } from '../../image/convert/layer-types.ts';
import type { ManifestFormat } from '../../image/convert/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, digestOf } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { IMAGE_CONFIG } from '../../oci/document-members.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { Platform } from '../../oci/platform.ts';
import { manifestDocument } from '../../store/manifests.ts';
import { readConfig } from '../../store/index-entries.ts';
import type { ReadStore } from '../../store/types.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { asRecord } from '../../util/json.ts';
import { withAnnotations, type AnnotationEdit } from '../annotations.ts';
import type { BuiltStore } from '../built-store.ts';
import { putTogether, takeApart, type Documents, type ImageSteps } from '../image-steps.ts';
import type { ConfigEdit } from './config-edits.ts';

/** Where an image is that is about to change. */
export interface ImageSite {
  readonly store: ReadStore;
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
  /** What the user named. */
  readonly text: string;
}

/** What changes in an image; each part is applied in this order. */
export interface ImageEdits {
  /** Changes of layers and history. */
  readonly steps: readonly ((image: ImageSteps, site: ImageSite) => Promise<ImageSteps>)[];
  readonly config: readonly ConfigEdit[];
  readonly to: ManifestFormat | undefined;
  /** Whether the platform changes. */
  readonly setsPlatform: boolean;
  readonly warn: (text: string) => void;
}

export interface EditedImage {
  readonly descriptor: Descriptor;
  readonly before: Json;
  readonly after: Json;
}

/**
 * Changes one image. Bytes that need no change are kept, so an edit without effect keeps the digest.
 * @throws AppError INVALID_CONFIG; UNSUPPORTED for an artifact, and for what the format cannot hold
 */
export async function editImage(
  built: BuiltStore,
  site: ImageSite,
  edits: ImageEdits,
  annotations: readonly AnnotationEdit[],
  call: CallOptions,
): Promise<EditedImage> {
  const { manifest, descriptor, text } = site;
  const document = manifestDocument(manifest);
  const before = { manifest: document, config: await configOf(site, edits, call) };
  const after = await editDocuments(before, site, edits);
  const body = withAnnotations(withConfig(built, manifest, before, after), annotations);
  const edited = { before: before.config, after: after.config };
  const own = formatOf(manifest.mediaType);
  const to = edits.to ?? own;
  if (isSame(body, before.manifest) && to === own) return { descriptor, ...edited };
  const node = manifestNode(body, manifest.mediaType, descriptor.digest);
  return { descriptor: built.addManifest(converted(node, text, edits)), ...edited };
}

/** For annotations, the configuration is not read: artifacts have them, too. */
async function configOf(
  { store, manifest, text }: ImageSite,
  { steps, config, to }: ImageEdits,
  call: CallOptions,
): Promise<Json> {
  if (steps.length + config.length === 0 && to === undefined) return {};
  if (!isImageConfigType(manifest.config.mediaType)) throw noImage(text, manifest);
  const bytes = await readConfig(store, manifest.config, text, call);
  return asRecord(parseJsonStrict(bytes, 'INVALID_CONFIG', 'image configuration', IMAGE_CONFIG));
}

async function editDocuments(
  before: Documents,
  site: ImageSite,
  { steps, config }: ImageEdits,
): Promise<Documents> {
  let documents = before;
  if (steps.length > 0) {
    let image = takeApart(before, site.text);
    for (const step of steps) image = await step(image, site);
    documents = putTogether(image);
  }
  return { ...documents, config: config.reduce((all, edit) => edit(all), documents.config) };
}

/** The manifest with the configuration's descriptor; bytes that need no change are kept. */
function withConfig(
  built: BuiltStore,
  { config }: ImageManifest,
  before: Documents,
  after: Documents,
): Json {
  if (isSame(before.config, after.config)) return after.manifest;
  const bytes = Buffer.from(JSON.stringify(after.config));
  const digest = digestOf(bytes, algorithmOf(config.digest));
  const made = { mediaType: config.mediaType, digest, size: bytes.byteLength };
  built.addBlob(sourceFromBytes(made, bytes));
  return { ...after.manifest, config: withDescriptor(asRecord(after.manifest['config']), made) };
}

/** Objects that were parsed have no prototype, so that their texts are compared. */
function isSame(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function converted(node: ManifestNode, text: string, { to, warn }: ImageEdits): ManifestNode {
  if (to === undefined) return node;
  const { mediaType, digest } = node.descriptor;
  // Docker's manifests have none by their specification; like other programs, regctl keeps them.
  const { annotations, ...document } = manifestDocument(node.manifest);
  const { manifest } = manifestNode(document, mediaType, digest);
  if (manifest.kind !== 'image') return node;
  const made = convertImage(manifest, manifest.layers, to, { label: text, digest, warn });
  if (annotations === undefined) return made;
  const body = { ...manifestDocument(made.manifest), annotations };
  return manifestNode(body, made.descriptor.mediaType, digest);
}

function noImage(text: string, { config, artifactType }: ImageManifest): AppError {
  return new AppError('UNSUPPORTED', `cannot change ${text}: it is an artifact, not an image`, {
    why: [`its type is ${artifactType ?? config.mediaType}`],
    hint: 'Push the changed files again instead.',
  });
}

/** The platform that a configuration names, as an index lists it. */
export function platformIn(config: Json): Platform | undefined {
  const { os, architecture, variant } = config;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  const version = config['os.version'];
  const features = config['os.features'];
  return {
    architecture,
    os,
    ...(typeof version === 'string' && version !== '' ? { 'os.version': version } : {}),
    ...(Array.isArray(features) ? { 'os.features': features as string[] } : {}),
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
  };
}
