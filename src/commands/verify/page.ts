import { sanitize } from '../../errors/sanitize.ts';
import { shortDigest } from '../../oci/digest.ts';
import { predicateName, SIGNATURE_PREDICATE } from '../../signing/formats/types.ts';
import type { Demand, Verdict } from '../../signing/types.ts';
import type { Chain } from '../../signing/verify/chain.ts';
import { counts } from '../../signing/verify/verify.ts';
import type { Style } from '../result.ts';

/** What `verify` found. */
export interface Verified {
  readonly image: string;
  readonly chain: Chain;
  readonly demand: Demand;
  readonly verdicts: readonly Verdict[];
}

/** Whether podman, skopeo and bootc find a signature: they read the `.sig` form only. */
function isSeenByPodman({ verdicts }: Verified): boolean {
  return verdicts.some((one) => counts(one) && one.form === 'simple');
}

export function verifiedJson(verified: Verified): unknown {
  const { image, chain, demand, verdicts } = verified;
  const through = verdicts.find((one) => counts(one) && one.subject !== chain[0].digest);
  const isOwn = verdicts.some((one) => counts(one) && one.subject === chain[0].digest);
  return {
    Image: image,
    Digest: chain[0].digest,
    Verified: verdicts.some(counts),
    Type: demand.predicateType,
    ThroughIndex: isOwn ? null : (through?.subject ?? null),
    ...(demand.predicateType === SIGNATURE_PREDICATE
      ? { PodmanReadable: isSeenByPodman(verified) }
      : {}),
    Signatures: verdicts.map((one) => ({
      Counts: counts(one),
      Reason: one.reason ?? null,
      Signer: one.signer?.name ?? null,
      Time: one.signer?.time ?? null,
      Type: one.type ?? null,
      Form: one.form,
      Repository: one.repository ?? null,
      Created: one.created ?? null,
      Digest: one.digest,
      Subject: one.subject,
    })),
  };
}

/** Those that count first; each with who, what, when, or why it does not count. */
export function verifiedPage(verified: Verified, style: Style): string {
  const { image, chain, demand, verdicts } = verified;
  const what = demand.predicateType === SIGNATURE_PREDICATE ? 'signature' : 'attestation';
  const good = verdicts.filter(counts);
  const bad = verdicts.filter((one) => !counts(one));
  const verb =
    what === 'signature' ? 'signed' : `attested (${predicateName(demand.predicateType)})`;
  const lines = [
    good.length > 0
      ? style.green(`${image} is ${verb}`)
      : style.red(`${image} has no ${what} that counts`),
    `Digest: ${chain[0].digest}`,
    ...good.map((one) => `Counts: ${describe(one, verified)}`),
    ...bad.map(
      (one) => `Does not count: ${describe(one, verified)}: ${sanitize(one.reason ?? '')}`,
    ),
  ];
  if (verdicts.length === 0) lines.push('Nothing of that kind is attached to it.');
  if (what === 'signature' && good.length > 0 && !isSeenByPodman(verified)) {
    lines.push(
      'Podman and skopeo find none of these: they read only the .sig form (regctl sign --form simple)',
    );
  }
  return lines.join('\n');
}

const FORMS: Readonly<Record<Verdict['form'], string>> = {
  bundle: 'bundle',
  simple: '.sig form',
  attestation: '.att form',
  other: 'other',
};

function describe(one: Verdict, { chain }: Verified): string {
  const { form, digest, subject, type, signer, created, repository } = one;
  const parts = [
    type === undefined ? undefined : predicateName(type),
    signer === undefined ? undefined : `by ${signer.name}`,
    repository === undefined ? undefined : `for ${repository}`,
    signer?.time === undefined ? undefined : `at ${signer.time}`,
    signer?.time === undefined && created !== undefined ? `attached ${created}` : undefined,
    `${FORMS[form]} ${shortDigest(digest)}`,
    subject === chain[0].digest ? undefined : `through the index ${shortDigest(subject)}`,
  ];
  return sanitize(parts.filter((part) => part !== undefined).join(', '));
}
