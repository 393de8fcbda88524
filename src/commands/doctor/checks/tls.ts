import type { ConnectionReport } from '../../../http/probe/connection-report.ts';
import type { HandshakeReport } from '../../../http/probe/handshake-report.ts';
import { type CheckResult, defineCheck } from '../check.ts';
import { insecureSettingOf } from './scheme.ts';

const DAY_MS = 86_400_000;
/** Certificate services renew long before this. */
const SHORT_DAYS = 14;

/** Whether the handshake succeeds and the certificate chain is trusted and long valid. */
export const tlsCheck = defineCheck({
  name: 'tls',
  needs: ['base', 'location', 'probe', 'route'],
  gives: ['secured'],
  async run({ base, location, probe, route }, context, options): Promise<CheckResult> {
    const facts = { secured: true } as const;
    if (base.protocol !== 'https:') {
      return { verdict: 'skipped', detail: 'plain HTTP has none', facts };
    }
    const seen = await probe.handshake(base, location.registry, options);
    const days = daysLeft(seen, context.now());
    const detail = lines(seen, route.connection, days);
    if (!seen.verified) {
      return {
        verdict: 'warning',
        detail: [
          ...detail,
          `not verified, as you asked: ${seen.verificationError ?? 'no reason given'}`,
        ],
        hint: `Trust its authority (--cert-dir, certs.d), then leave out ${insecureSettingOf(context, location.registry)}.`,
        facts,
      };
    }
    if (days < SHORT_DAYS) {
      return { verdict: 'warning', detail, hint: `Renew the certificate of ${base.host}.`, facts };
    }
    return { verdict: 'ok', detail, facts };
  },
});

function lines(
  { protocol, chain, rootSource, verified }: HandshakeReport,
  { certificateFiles }: ConnectionReport,
  days: number,
): readonly string[] {
  const [leaf] = chain;
  const issuers = [...new Set(chain.map(({ issuer }) => issuer))];
  const clients = certificateFiles?.clientCertificates ?? [];
  return [
    ...(leaf === undefined
      ? [protocol]
      : [
          `${protocol}, ${leaf.subject}`,
          `issued by ${issuers.join(', by ')}`,
          `${day(leaf.validFrom)} to ${day(leaf.validTo)}${lifetime(days)}`,
        ]),
    ...(verified ? [`trusted by ${rootSource ?? "this machine's authorities"}`] : []),
    ...clients.map(({ cert }) => `a client certificate can be shown: ${cert}`),
  ];
}

/** Days until the first certificate of the chain expires; a trusted root does not count. */
function daysLeft({ chain, verified }: HandshakeReport, now: Date): number {
  const links = verified && chain.length > 1 ? chain.slice(0, -1) : chain;
  const ends = links.map(({ validTo }) => Date.parse(validTo)).filter((end) => !Number.isNaN(end));
  return Math.floor((Math.min(...ends) - now.getTime()) / DAY_MS);
}

function lifetime(days: number): string {
  if (!Number.isFinite(days)) return '';
  return days < 0 ? `, ended ${count(-days)} ago` : `, ${count(days)} left`;
}

function count(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}

function day(time: string): string {
  return time.slice(0, 10);
}
