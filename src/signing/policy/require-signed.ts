import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest } from '../../oci/digest.ts';
import type { Verdict } from '../types.ts';
import type { JudgedImage } from './judged-image.ts';

/** Reasons that an error names; an image can have hundreds of signatures. */
const MAX_REASONS = 5;

/**
 * Returns if each image has signatures by `least` different signers that count.
 * @throws AppError POLICY_REJECTED with why the signatures that were found do not count
 */
export function requireSigned(
  image: JudgedImage,
  judged: readonly (readonly Verdict[])[],
  where: string,
  least = 1,
): void {
  if (judged.length === 0) throw notSigned(image, [], { where, least, found: 0 });
  for (const verdicts of judged) {
    const good = verdicts.filter(({ reason }) => reason === undefined);
    const signers = new Set(good.map(({ signer }) => signer?.id));
    if (signers.size < least)
      throw notSigned(image, verdicts, { where, least, found: signers.size });
    image.accept(verdicts);
  }
}

function notSigned(
  { location }: JudgedImage,
  verdicts: readonly Verdict[],
  {
    where,
    least,
    found,
  }: { readonly where: string; readonly least: number; readonly found: number },
): AppError {
  const bad = verdicts.flatMap(({ reason, digest, form }) =>
    reason === undefined ? [] : [`${form} ${shortDigest(digest)}: ${sanitize(reason)}`],
  );
  const more = bad.length > MAX_REASONS ? [`${bad.length - MAX_REASONS} more do not count`] : [];
  const none = verdicts.length === 0 ? ['no signature is attached to it'] : [];
  const cause =
    found === 0 ? 'no signature of it counts' : `it has ${found} of ${least} signers that count`;
  return new AppError('POLICY_REJECTED', `cannot trust ${location.text}: ${cause}`, {
    why: [where, ...none, ...bad.slice(0, MAX_REASONS), ...more],
    hint: `See all of them: regctl verify --key FILE ${location.text}`,
    details: { policy: where, image: location.text },
  });
}
