import type { DeleteOutcome } from '../../retention/delete/image.ts';
import { formatReferrers, formatTagNames } from '../../retention/delete/errors.ts';
import type { Result } from '../result.ts';

export function resultOf(outcome: DeleteOutcome, dryRun: boolean, requests: number): Result {
  const { label, digest, tags, manifest, referrers, left } = outcome;
  const also = [
    ...(tags.length === 0 ? [] : [formatTagNames(tags)]),
    ...(referrers.length === 0 ? [] : [formatReferrers(referrers)]),
  ];
  const verb = dryRun ? 'Would delete' : 'Deleted';
  const first = manifest
    ? `${verb} ${label}@${digest}${also.map((one) => `, and ${one}`).join('')}`
    : `${dryRun ? 'Would remove' : 'Removed'} ${formatTagNames(tags)} from ${label}${digest === null ? '' : `; ${digest} stays`}`;
  const cost = `${requests} requests were sent to find out`;
  return {
    kind: 'value',
    json: {
      Repository: label,
      Digest: digest,
      Tags: tags,
      Referrers: referrers.map((one) => one.digest),
      Left: left.map((one) => one.digest),
      Requests: requests,
      DryRun: dryRun,
    },
    text: () => (dryRun ? `${first}\n${cost}` : first),
  };
}
