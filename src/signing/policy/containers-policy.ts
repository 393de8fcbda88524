import type { PolicyRequirement, TrustPolicy } from '../../config/containers/trust-policy.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { scopesOf } from './policy-scopes.ts';

/** What an image is judged for. */
export interface Judged {
  readonly location: Location;
  readonly policy: TrustPolicy;
  /** Where in the policy the requirement stands: `docker "quay.io"`, `default`. */
  readonly where: string;
}

/** Returns when the image meets the requirement. @throws AppError */
type Check = (
  requirement: PolicyRequirement,
  judged: Judged,
  options: CallOptions,
) => Promise<void> | void;

/** By type; a type without a row cannot be met. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['insecureAcceptAnything', () => undefined],
  [
    'reject',
    (_requirement, { location, policy, where }) => {
      const title = `cannot copy ${location.text}: the trust policy rejects it`;
      throw new AppError('POLICY_REJECTED', title, {
        why: [`${policy.file}, ${where}`],
        details: { policy: policy.file, scope: where },
      });
    },
  ],
]);

/**
 * Judges an image by a trust policy: every requirement of the narrowest scope has to be met.
 * @throws AppError POLICY_REJECTED; UNSUPPORTED for a requirement that cannot be checked
 */
export async function requirePolicy(
  policy: TrustPolicy,
  location: Location,
  cwd: () => string,
  options: CallOptions = {},
): Promise<void> {
  const { where, requirements } = await requirementsFor(policy, location, cwd);
  const judged = { location, policy, where };
  for (const requirement of requirements) {
    const check = CHECKS.get(requirement.type);
    if (check === undefined) throw cannotCheck(requirement, judged);
    await check(requirement, judged, options);
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

function cannotCheck({ type }: PolicyRequirement, { location, policy, where }: Judged): AppError {
  return new AppError(
    'UNSUPPORTED',
    `cannot copy ${location.text}: the trust policy requires ${type}, which regctl cannot check`,
    {
      why: [`${policy.file}, ${where}`],
      hint: 'Copy it with a tool that checks it, or ask no policy: --insecure-policy',
    },
  );
}
