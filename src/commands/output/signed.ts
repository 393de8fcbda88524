import type { Digest } from '../../oci/digest.ts';
import type { Signature } from '../../signing/sign/sign.ts';
import type { Location } from '../../transports/types.ts';
import type { Result } from '../result.ts';

/** Prints the manifest of each signature that was written, as REPO@DIGEST in registries. */
export function signedResult(
  { text, name, scheme }: Location,
  digest: Digest,
  signed: readonly Signature[],
): Result {
  return {
    kind: 'value',
    json: {
      Image: text,
      Digest: digest,
      Signatures: signed.map(({ subject, form, digest: manifest }) => ({
        Subject: subject,
        Form: form,
        Digest: manifest,
      })),
    },
    text: () =>
      signed
        .map((one) =>
          scheme === 'docker' ? `${name}@${one.digest}` : `${scheme}:${name}@${one.digest}`,
        )
        .join('\n'),
  };
}
