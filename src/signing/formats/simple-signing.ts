import type { Digest } from '../../oci/digest.ts';
import type { Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';
import { parseDocument, textsOf } from './document.ts';

const PAYLOAD_TYPE = 'cosign container image signature';

const PAYLOAD: Members = {
  critical: {
    identity: { 'docker-reference': true },
    image: { 'docker-manifest-digest': true },
    type: true,
  },
  optional: true,
};

/** The payload of the `.sig` form (containers-signature(5), with cosign's type). */
export interface SimplePayload {
  readonly digest: unknown;
  /** `docker-reference`: the name under which the image was signed. */
  readonly reference: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** @throws NotEvidence */
export function readSimplePayload(bytes: Uint8Array): SimplePayload {
  const { critical, optional } = parseDocument(bytes, 'payload', PAYLOAD);
  if (!isRecord(critical) || critical['type'] !== PAYLOAD_TYPE) {
    throw new NotEvidence('its payload is not that of a container image signature');
  }
  const { identity, image } = critical;
  const reference = isRecord(identity) ? identity['docker-reference'] : undefined;
  return {
    digest: isRecord(image) ? image['docker-manifest-digest'] : undefined,
    reference: typeof reference === 'string' ? reference : undefined,
    annotations: textsOf(optional, 'annotations'),
  };
}

/** The payload as cosign writes it. */
export function writeSimplePayload(
  digest: Digest,
  reference: string,
  annotations: Readonly<Record<string, string>>,
): Uint8Array {
  const optional = Object.keys(annotations).length === 0 ? null : annotations;
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': reference },
        image: { 'docker-manifest-digest': digest },
        type: PAYLOAD_TYPE,
      },
      optional,
    }),
  );
}
