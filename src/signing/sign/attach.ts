import { AppError } from '../../errors/app-error.ts';
import { algorithmOf, hexOf } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { fetchManifest, manifestDocument, VISIBILITY_RETRIES } from '../../store/manifests.ts';
import { isTag } from '../../reference/names.ts';
import type { PushOutcome, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { SharedLookup } from '../../util/shared-lookup.ts';
import { decodeBase64 } from '../formats/base64.ts';
import { BUNDLE_TYPE, ENVELOPE_TYPE, SIGNATURE_ANNOTATION, SIMPLE_TYPE } from '../formats/types.ts';
import { isSignedBy } from '../keys/algorithms.ts';
import { NotEvidence } from '../types.ts';
import {
  base64,
  EMPTY_CONFIG,
  inOrder,
  json,
  sourceOf,
  writeBundle,
  writeEnvelope,
  writeReferrer,
  writeTagConfig,
} from './documents.ts';
import type { SigningKey } from './key.ts';

export interface AttachOptions extends CallOptions {
  readonly key: SigningKey;
  /** RFC 3339, in seconds. */
  readonly created: string;
  /**
   * Blobs that several signatures share. docker-registry 2.8 may answer 404 for a blob while another
   * upload of it ends.
   */
  readonly shared: SharedLookup<PushOutcome>;
}

/** Attaches a statement as a bundle, and returns its manifest. */
export async function attachBundle(
  store: WriteStore,
  subject: Descriptor,
  statement: { readonly bytes: Uint8Array; readonly predicateType: string },
  { key, created, shared, ...call }: AttachOptions,
): Promise<Descriptor> {
  const bundle = writeBundle(statement.bytes, key);
  const layer = sourceOf(BUNDLE_TYPE, bundle);
  const { predicateType } = statement;
  const manifest = writeReferrer(layer.descriptor, subject, { predicateType, created });
  const config = shared.get(
    EMPTY_CONFIG.descriptor.digest,
    (signal) => store.push(EMPTY_CONFIG, { signal }),
    call,
  );
  await Promise.all([config, store.push(layer, call)]);
  const source = sourceOf(MEDIA_TYPE.ociManifest, manifest);
  await store.push(source, { ...call, visibilityRetries: VISIBILITY_RETRIES });
  return source.descriptor;
}

/** Adds a signature to the `.sig` tag of an image, and returns its manifest. */
export async function attachSimple(
  store: WriteStore,
  subject: Descriptor,
  payload: Uint8Array,
  { key, ...call }: AttachOptions,
): Promise<Descriptor> {
  const layer = {
    mediaType: SIMPLE_TYPE,
    bytes: payload,
    annotations: { [SIGNATURE_ANNOTATION]: base64(key.sign(payload)) },
  };
  return addToTag(store, tagOf(subject, 'sig'), layer, {
    ...call,
    isSame: (annotations) => isSigned(key, payload, annotations?.[SIGNATURE_ANNOTATION]),
  });
}

/** Adds an attestation to the `.att` tag of an image, and returns its manifest. */
export async function attachEnvelope(
  store: WriteStore,
  subject: Descriptor,
  statement: { readonly bytes: Uint8Array; readonly predicateType: string },
  { key, ...call }: AttachOptions,
): Promise<Descriptor> {
  const layer = {
    mediaType: ENVELOPE_TYPE,
    bytes: json(writeEnvelope(statement.bytes, key)),
    annotations: { [SIGNATURE_ANNOTATION]: '', predicateType: statement.predicateType },
  };
  return addToTag(store, tagOf(subject, 'att'), layer, { ...call, isSame: async () => true });
}

async function isSigned(
  { publicKey }: SigningKey,
  payload: Uint8Array,
  signature: string | undefined,
): Promise<boolean> {
  try {
    return await isSignedBy(publicKey, payload, decodeBase64(signature, 'signature'));
  } catch (error) {
    if (error instanceof NotEvidence) return false;
    throw error;
  }
}

function tagOf({ digest }: Descriptor, suffix: 'sig' | 'att'): string {
  const tag = `${algorithmOf(digest)}-${hexOf(digest)}.${suffix}`;
  if (isTag(tag)) return tag;
  throw new AppError(
    'UNSUPPORTED',
    `cannot sign ${digest} in the .${suffix} form: no tag fits it`,
    {
      hint: 'Sign it as a bundle: regctl sign --form bundle',
    },
  );
}

interface TagLayer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

interface AddOptions extends CallOptions {
  /** Whether a layer with the same bytes holds the same signature. */
  readonly isSame: (annotations: Descriptor['annotations']) => Promise<boolean>;
}

/** Other signers may write the same tag; each round starts from what is there. */
const MAX_ROUNDS = 5;

/** One layer more in the manifest of a tag. The layers of others are kept as they are written. */
async function addToTag(
  store: WriteStore,
  tag: string,
  { mediaType, bytes, annotations }: TagLayer,
  { isSame, ...call }: AddOptions,
): Promise<Descriptor> {
  const layer = sourceOf(mediaType, bytes);
  const { digest } = layer.descriptor;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = await read(store, tag, call);
    const listed = found?.manifest.kind === 'image' ? found.manifest.layers : [];
    const same = listed.filter((one) => one.digest === digest);
    for (const one of same) {
      if (found !== undefined && (await isSame(one.annotations))) return found.descriptor;
    }
    const before = found === undefined ? [] : layersOf(found.manifest, tag);
    const config = sourceOf(
      MEDIA_TYPE.ociConfig,
      writeTagConfig([...listed.map((one) => one.digest), digest]),
    );
    const manifest = sourceOf(
      MEDIA_TYPE.ociManifest,
      json({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        config: inOrder(config.descriptor),
        layers: [...before, { ...inOrder(layer.descriptor), annotations }],
      }),
    );
    await Promise.all([store.push(layer, call), store.push(config, call)]);
    await store.push(manifest, { ...call, tag, visibilityRetries: VISIBILITY_RETRIES });
  }
  throw new AppError('REGISTRY_ERROR', `${store.label}:${tag} did not keep the signature`, {
    hint: 'Others write the same tag; sign again when they are done.',
  });
}

async function read(
  store: WriteStore,
  tag: string,
  call: CallOptions,
): Promise<{ descriptor: Descriptor; manifest: Manifest } | undefined> {
  try {
    const descriptor = await store.resolve(tag, { ...call, purpose: 'content' });
    return { descriptor, manifest: await fetchManifest(store, descriptor, call) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

/** The layers as written, also members that regctl does not know. */
function layersOf(manifest: Manifest, tag: string): readonly unknown[] {
  const layers = manifest.kind === 'image' ? manifestDocument(manifest)['layers'] : undefined;
  if (Array.isArray(layers)) return layers as unknown[];
  throw new AppError('INVALID_MANIFEST', `cannot add a signature to ${tag}: it is not an image`, {
    hint: 'Sign without the tag: regctl sign --form bundle',
  });
}
