import { DOCKER_HUB } from '../../../reference/docker-hub.ts';
import { pullLimitClient } from '../../input/pull-limit.ts';
import { formatSeconds } from '../../../util/text/units.ts';
import {
  PULL_LIMIT_IMAGE,
  fetchPullLimit,
  type PullLimit,
} from '../../../registry/hub/pull-limit.ts';
import { type CheckResult, defineCheck } from '../check.ts';

/** How many pulls Docker Hub still allows; the check uses no pull. */
export const rateLimitCheck = defineCheck({
  name: 'rate limit',
  needs: ['location'],
  uses: ['answer'],
  gives: [],
  async run({ location, answer }, context, options): Promise<CheckResult> {
    if (location.registry !== DOCKER_HUB) {
      return { verdict: 'skipped', detail: 'only Docker Hub reports a pull limit' };
    }
    if (answer === undefined) return { verdict: 'skipped', detail: 'because it did not answer' };
    const image = context.reference(PULL_LIMIT_IMAGE);
    const client = await pullLimitClient(context);
    return judgePullLimit(await fetchPullLimit(client, image, 'latest', options));
  },
});

function judgePullLimit({
  Limit,
  Remaining,
  WindowSeconds,
  Source,
  Limited,
}: PullLimit): CheckResult {
  if (!Limited || Remaining === null) return { verdict: 'ok', detail: 'pulls are not limited' };
  const per = WindowSeconds === null ? '' : ` in ${formatSeconds(WindowSeconds)}`;
  const who = Source === null ? '' : `, counted for ${Source}`;
  const detail = `${Remaining} of ${Limit ?? '?'} pulls${per} are left${who}`;
  if (Remaining > 0) return { verdict: 'ok', detail };
  const hint = 'Wait for the window to end, or log in for a higher limit: regctl login';
  return { verdict: 'warning', detail, hint };
}
