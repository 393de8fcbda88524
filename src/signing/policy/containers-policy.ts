import type { PolicyRequirement, TrustPolicy } from '../../config/containers/trust-policy.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Location } from '../../transports/types.ts';
import type { JudgedImage } from './judged-image.ts';
import { scopesOf } from './policy-scopes.ts';
import { requireSigned } from './require-signed.ts';
import { judgeSigstoreSigned } from './sigstore-signed.ts';

/** A requirement and the image that it judges. */
interface Judged {
  readonly image: JudgedImage;
  readonly policy: TrustPolicy;
  /** Where in the policy the requirement stands: `docker "quay.io"`, `default`. */
  readonly where: string;
}

/** Returns when the image meets the requirement. @throws AppError */
type Check = (requirement: PolicyRequirement, judged: Judged) => Promise<void> | void;

/** By type; a type without a row cannot be met. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['insecureAcceptAnything', () => undefined],
  [
    'reject',
    (_requirement, { image, policy, where }) => {
      const title = `cannot trust ${image.location.text}: the trust policy rejects it`;
      throw new AppError('POLICY_REJECTED', title, {
        why: [`${policy.file}, ${where}`],
        details: { policy: policy.file, scope: where },
      });
    },
  ],
  [
    'sigstoreSigned',
    async (requirement, judged) => {
      const { sigstore } = requirement;
      if (sigstore === undefined || sigstore.unsupported !== undefined) {
        throw cannotCheck(`${requirement.type} with ${sigstore?.unsupported}`, judged);
      }
      const { image, policy, where } = judged;
      requireSigned(image, await judgeSigstoreSigned(sigstore, image), `${policy.file}, ${where}`);
    },
  ],
]);

/**
 * Judges an image by a trust policy: every requirement of the narrowest scope has to be met.
 * @throws AppError POLICY_REJECTED; USAGE for a requirement that cannot be checked; whatever
 * prevents looking
 */
export async function requirePolicy(policy: TrustPolicy, image: JudgedImage): Promise<void> {
  const { location, context } = image;
  const { where, requirements } = await requirementsFor(policy, location, () => context.cwd());
  const judged = { image, policy, where };
  for (const requirement of requirements) {
    const check = CHECKS.get(requirement.type);
    if (check === undefined) throw cannotCheck(requirement.type, judged);
    await check(requirement, judged);
  }
}

/** Those of the narrowest scope that the policy has for an image, and where they stand. */
export async function requirementsFor(
  policy: TrustPolicy,
  location: Location,
  cwd: () => string,
): Promise<{ readonly where: string; readonly requirements: readonly PolicyRequirement[] }> {
  const { scheme } = location;
  const ofTransport = policy.transports.get(scheme);
  const byDefault = { where: 'default', requirements: policy.default };
  if (ofTransport === undefined) return byDefault;
  const scopes = await scopesOf(location, cwd);
  if (scopes === undefined && [...ofTransport.keys()].some((scope) => scope !== '')) {
    throw new AppError(
      'UNSUPPORTED',
      `cannot judge ${location.text} by the trust policy: scopes of ${scheme} are not read`,
      { why: [policy.file], hint: 'Give the transport one rule, under the scope "".' },
    );
  }
  for (const scope of [...(scopes ?? []), '']) {
    const requirements = ofTransport.get(scope);
    if (requirements !== undefined) return { where: `${scheme} "${scope}"`, requirements };
  }
  return byDefault;
}

/** Wrong usage: nothing about the image was looked at. */
function cannotCheck(what: string, { image, policy, where }: Judged): AppError {
  return new AppError(
    'USAGE',
    `cannot trust ${image.location.text}: the trust policy requires ${what}, which regctl cannot check`,
    {
      why: [`${policy.file}, ${where}`],
      hint: 'Use a tool that checks it, or ask no policy: --insecure-policy',
    },
  );
}
