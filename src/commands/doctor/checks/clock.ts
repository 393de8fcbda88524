import type { FreshAuthorization } from '../../../http/probe/fresh-authorization.ts';
import { type CheckResult, defineCheck } from '../check.ts';

/** Token servers and certificates tolerate at most a few minutes. */
const MAX_SKEW_MS = 60_000;
const HINT = 'Set the clock of this machine (timedatectl set-ntp true), or that of the registry.';

/** Compares this machine's clock with the registry's and with the dates of the token. */
export const clockCheck = defineCheck({
  name: 'clock',
  needs: ['answer'],
  uses: ['authorization'],
  gives: [],
  async run({ answer, authorization = 'none' }, context): Promise<CheckResult> {
    const now = context.now().getTime();
    const odd = tokenFault(authorization, now);
    const date = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(date)) {
      if (odd !== undefined) return { verdict: 'warning', detail: odd, hint: HINT };
      return { verdict: 'skipped', detail: 'the registry sends no date' };
    }
    // The header is truncated to whole seconds: 500 ms is the mean error.
    const skew = answer.at - (date + 500);
    const far = Math.abs(skew) > MAX_SKEW_MS;
    const line = far ? offBy(skew) : 'this machine and the registry agree';
    const detail = odd === undefined ? line : [line, odd];
    return far || odd !== undefined
      ? { verdict: 'warning', detail, hint: HINT }
      : { verdict: 'ok', detail };
  },
});

function offBy(skew: number): string {
  const seconds = Math.round(Math.abs(skew) / 1000);
  return `this machine is ${seconds} s ${skew < 0 ? 'behind' : 'ahead of'} the registry`;
}

function tokenFault(authorization: FreshAuthorization | 'none', now: number): string | undefined {
  if (authorization === 'none') return undefined;
  const { notBefore, expires } = authorization.claims ?? {};
  if (notBefore !== undefined && notBefore > now) {
    return `the token is good only in ${Math.ceil((notBefore - now) / 1000)} s by this clock`;
  }
  if (expires !== undefined && expires <= now) return 'the token has expired by this clock';
  return undefined;
}
