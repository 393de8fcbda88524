import type { Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';
import { decodeBase64 } from './base64.ts';
import { requireKnown } from './document.ts';
import { IN_TOTO_TYPE } from './types.ts';

/** A DSSE envelope (secure-systems-lab/dsse, envelope.md). */
export interface Envelope {
  readonly payload: Uint8Array;
  /** What the signature is over. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

export const ENVELOPE: Members = {
  payload: true,
  payloadType: true,
  signatures: { sig: true, keyid: true },
};
const SIGNATURE: Members = { sig: true, keyid: true };

/** @throws NotEvidence unless it is an in-toto statement with exactly one signature */
export function readEnvelope(value: unknown): Envelope {
  if (!isRecord(value)) throw new NotEvidence('it has no envelope');
  requireKnown(value, ENVELOPE, 'envelope');
  const { payloadType, signatures } = value;
  if (payloadType !== IN_TOTO_TYPE)
    throw new NotEvidence('its payload is not an in-toto statement');
  const list: readonly unknown[] = Array.isArray(signatures) ? signatures : [];
  const [one, ...more] = list;
  if (!isRecord(one) || more.length > 0) {
    throw new NotEvidence(`it has ${list.length} signatures, not one`);
  }
  requireKnown(one, SIGNATURE, 'signature');
  const payload = decodeBase64(value['payload'], 'payload');
  const signature = decodeBase64(one['sig'], 'signature');
  return { payload, content: authenticated(payload), signature };
}

/** DSSE's pre-authentication encoding of an in-toto statement (protocol.md, "PAE"). */
export function authenticated(payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${IN_TOTO_TYPE.length} ${IN_TOTO_TYPE} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
