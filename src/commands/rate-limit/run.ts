import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type { CallOptions } from '../../util/abort.ts';
import { formatSeconds } from '../../util/text/units.ts';
import { PULL_LIMIT_IMAGE, fetchPullLimit, type PullLimit } from '../../registry/hub/pull-limit.ts';
import { pullLimitClient } from '../input/pull-limit.ts';
import { readInteger } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';

/** Reports a pull limit, which uses no pull. */
export async function run(
  context: Pick<
    Context,
    'locate' | 'reference' | 'registries' | 'warn' | 'http' | 'endpoint' | 'credentials'
  >,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const failBelow = readInteger(input, 'failBelow', '--fail-below');
  const location = context.locate(input.args[0] ?? PULL_LIMIT_IMAGE);
  if (location.scheme !== 'docker') {
    throw new AppError('USAGE', `${location.text} is not an image of a registry`);
  }
  // Asks only the registry itself, as a mirror has its own limit.
  const { primary } = context.registries().route(context.reference(location.name));
  const client = await pullLimitClient(context);
  const pullLimit = await fetchPullLimit(client, primary, location.ref ?? DEFAULT_TAG, options);
  const below =
    failBelow !== undefined && pullLimit.Remaining !== null && pullLimit.Remaining < failBelow;
  if (below) {
    context.warn(`${pullLimit.Remaining} pulls are left, fewer than ${failBelow}`);
  }
  return {
    kind: 'value',
    json: pullLimit,
    text: (style) => page(pullLimit, style),
    ...(below ? { exit: 3 } : {}),
  };
}

function page(pullLimit: PullLimit, style: Style): string {
  const { Registry, Limit, Remaining, WindowSeconds, Source, Account, Limited } = pullLimit;
  const signedIn = Account === null ? 'anonymous' : `logged in as ${sanitize(Account)}`;
  if (!Limited) return `${sanitize(Registry)} does not limit pulls for you (${signedIn})`;
  const per = WindowSeconds === null ? '' : ` in ${formatSeconds(WindowSeconds)}`;
  const rows: readonly (readonly [string, string])[] = [
    ['Registry', sanitize(Registry)],
    ['Limit', `${Limit} pulls${per}`],
    ['Left', Remaining === null ? 'not said' : leftOf(Remaining, Limit, style)],
    ['Counted', Source === null ? 'not said' : sanitize(Source)],
    ['Account', signedIn],
  ];
  return rows.map(([name, value]) => `${style.dim(name.padEnd(9))} ${value}`).join('\n');
}

/** Yellow in the last quarter, red at 0. */
function leftOf(remaining: number, limit: number | null, style: Style): string {
  const text = String(remaining);
  if (remaining === 0) return style.red(text);
  return limit !== null && remaining * 4 <= limit ? style.yellow(text) : style.green(text);
}
