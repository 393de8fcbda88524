import { digestOf, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { Source } from '../../store/types.ts';
import { authenticated } from '../formats/envelope.ts';
import { BUNDLE_TYPE, IN_TOTO_TYPE } from '../formats/types.ts';
import type { SigningKey } from './key.ts';

/** A blob or manifest that is ready to be written. */
export function sourceOf(mediaType: string, bytes: Uint8Array): Source {
  return sourceFromBytes({ mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes);
}

export const EMPTY_CONFIG: Source = sourceOf(MEDIA_TYPE.ociEmpty, Buffer.from('{}'));

/** A DSSE envelope as cosign writes it. */
export function writeEnvelope(statement: Uint8Array, key: SigningKey): object {
  return {
    payload: base64(statement),
    payloadType: IN_TOTO_TYPE,
    signatures: [{ sig: base64(key.sign(authenticated(statement))) }],
  };
}

/** A sigstore bundle around a statement (version 0.3). */
export function writeBundle(statement: Uint8Array, key: SigningKey): Uint8Array {
  return json({
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: key.hint } },
    dsseEnvelope: writeEnvelope(statement, key),
  });
}

/** The manifest that attaches a bundle to an image, byte for byte as cosign 3 writes it. */
export function writeReferrer(
  bundle: Descriptor,
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  { predicateType, created }: { readonly predicateType: string; readonly created: string },
): Uint8Array {
  const { descriptor: empty } = EMPTY_CONFIG;
  return json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { ...inOrder(empty), artifactType: BUNDLE_TYPE },
    layers: [inOrder(bundle)],
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
      'org.opencontainers.image.created': created,
    },
    subject: inOrder(subject),
    artifactType: BUNDLE_TYPE,
  });
}

/** The configuration of cosign's tags: an image whose layers are the payloads. */
export function writeTagConfig(layers: readonly Digest[]): Uint8Array {
  const never = '0001-01-01T00:00:00Z';
  return json({
    architecture: '',
    created: never,
    history: layers.map(() => ({ created: never })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers },
    config: {},
  });
}

/** Members in the order of Go's descriptors. */
export function inOrder({
  mediaType,
  size,
  digest,
}: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>): object {
  return { mediaType, size, digest };
}

export function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
