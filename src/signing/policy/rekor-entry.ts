import { createPublicKey, hash } from 'node:crypto';
import { isRecord } from '../../util/json.ts';
import { decodeBase64 } from '../formats/base64.ts';
import { parseDocument } from '../formats/document.ts';
import { isSignedBy, keyHint } from '../keys/algorithms.ts';
import type { PublicKey } from '../keys/public.ts';
import { NotEvidence, type Signed, type Trusted } from '../types.ts';

/** Trusts what the signers sign and one of these logs has promised to keep. */
export function requireRekor(trusted: Trusted, logs: readonly PublicKey[]): Trusted {
  return {
    async signerOf(signed) {
      const signer = await trusted.signerOf(signed);
      const time = await promisedTime(signed, signer.id, logs);
      return { ...signer, time };
    },
  };
}

/**
 * When the log took the signature. Its signed promise (SET) is over the canonical JSON of the entry,
 * and the entry has to be about these bytes and this signature (rekor, hashedrekord 0.0.1).
 */
async function promisedTime(
  { content, signature, rekorEntry }: Signed,
  signer: string,
  logs: readonly PublicKey[],
): Promise<string> {
  if (rekorEntry === undefined) throw new NotEvidence('it has no entry of a transparency log');
  const entry = parseDocument(Buffer.from(rekorEntry), 'log entry', {
    SignedEntryTimestamp: true,
    Payload: true,
  });
  const { Payload: payload } = entry;
  const { body, integratedTime, logID, logIndex } = isRecord(payload) ? payload : {};
  if (typeof body !== 'string' || typeof integratedTime !== 'number') {
    throw new NotEvidence('its log entry is not complete');
  }
  const canonical = Buffer.from(JSON.stringify({ body, integratedTime, logID, logIndex }));
  const promise = decodeBase64(entry['SignedEntryTimestamp'], 'log entry');
  const known = await Promise.all(logs.map(({ key }) => isSignedBy(key, canonical, promise)));
  if (!known.includes(true)) throw new NotEvidence('its log entry is not of a log of the policy');
  requireAbout(decodeBase64(body, 'log entry'), { content, signature, signer });
  return new Date(integratedTime * 1000).toISOString();
}

interface Logged extends Pick<Signed, 'content' | 'signature'> {
  /** The hint of the key that signed. */
  readonly signer: string;
}

function requireAbout(body: Uint8Array, { content, signature, signer }: Logged): void {
  const { kind, apiVersion, spec } = parseDocument(body, 'log entry', {
    kind: true,
    apiVersion: true,
    spec: true,
  });
  const { data, signature: logged } = isRecord(spec) ? spec : {};
  const digest = isRecord(data) && isRecord(data['hash']) ? data['hash'] : {};
  const isSame =
    kind === 'hashedrekord' &&
    apiVersion === '0.0.1' &&
    digest['algorithm'] === 'sha256' &&
    digest['value'] === hash('sha256', content) &&
    isRecord(logged) &&
    Buffer.compare(decodeBase64(logged['content'], 'log entry'), signature) === 0 &&
    hintOf(logged['publicKey']) === signer;
  if (!isSame) throw new NotEvidence('its log entry is about another signature');
}

/** A log keeps the key as base64 of its PEM. */
function hintOf(logged: unknown): string | undefined {
  const pem = decodeBase64(isRecord(logged) ? logged['content'] : undefined, 'log entry');
  try {
    return keyHint(createPublicKey(Buffer.from(pem)));
  } catch {
    return undefined;
  }
}
