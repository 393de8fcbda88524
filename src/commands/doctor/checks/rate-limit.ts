import { DOCKER_HUB } from '../../../reference/docker-hub.ts';
import { humanSeconds } from '../../output/units.ts';
import { ALLOWANCE_IMAGE, askAllowance, type Allowance } from '../../../registry/hub/pull-limit.ts';
import { check, type Outcome } from '../check.ts';

/** What is left of Docker Hub's pull allowance; asking costs no pull. */
export const rateLimitCheck = check({
  name: 'rate limit',
  needs: ['place'],
  uses: ['answer'],
  gives: [],
  async run({ place, answer }, context, options): Promise<Outcome> {
    if (place.registry !== DOCKER_HUB) {
      return { verdict: 'skipped', detail: 'Docker Hub alone tells its allowance' };
    }
    if (answer === undefined) return { verdict: 'skipped', detail: 'because it did not answer' };
    const image = context.reference(ALLOWANCE_IMAGE);
    return judge(await askAllowance(context, image, 'latest', options));
  },
});

function judge({ Limit, Remaining, WindowSeconds, Source, Limited }: Allowance): Outcome {
  if (!Limited || Remaining === null) return { verdict: 'ok', detail: 'pulls are not limited' };
  const per = WindowSeconds === null ? '' : ` in ${humanSeconds(WindowSeconds)}`;
  const who = Source === null ? '' : `, counted for ${Source}`;
  const detail = `${Remaining} of ${Limit ?? '?'} pulls${per} are left${who}`;
  if (Remaining > 0) return { verdict: 'ok', detail };
  const hint = 'Wait for the window to pass, or sign in for a larger allowance: regctl login';
  return { verdict: 'warning', detail, hint };
}
