import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { NO_RETRIES } from '../http/tries.ts';
import type { HttpClient, HttpResponse } from '../http/types.ts';
import { MANIFEST_ACCEPT } from '../oci/media-types.ts';
import { DEFAULT_TAG } from '../reference/print.ts';
import type { Reference } from '../reference/types.ts';
import { registryConnection } from '../registry/connection.ts';
import { responseError } from '../registry/errors.ts';
import { parseRateLimit } from '../registry/rate-limit.ts';
import { pullScope } from '../registry/scopes.ts';
import type { CallOptions } from '../store/types.ts';
import { humanSeconds } from './shared/age.ts';
import { integerOf } from './shared/options.ts';
import type { Context, Input, Result, Style } from './types.ts';

/** The image that Docker keeps for this question. */
const DEFAULT_IMAGE = 'docker.io/ratelimitpreview/test';

/** A registry's pull allowance, as JSON. Null: the registry does not say. */
interface Allowance {
  readonly Registry: string;
  readonly Limit: number | null;
  readonly Remaining: number | null;
  readonly Used: number | null;
  readonly WindowSeconds: number | null;
  /** Who is counted: an address or an account id. */
  readonly Source: string | null;
  /** The user that was signed in; null for anonymous. */
  readonly Account: string | null;
  readonly Limited: boolean;
}

/** One HEAD, which does not count as a pull, and which a 429 answers as well. */
export async function run(context: Context, input: Input, options: CallOptions): Promise<Result> {
  const failBelow = integerOf(input, 'failBelow', '--fail-below');
  const location = context.locate(input.args[0] ?? DEFAULT_IMAGE);
  if (location.scheme !== 'docker') {
    throw new AppError('USAGE', `${location.text} is not an image of a registry`);
  }
  // A mirror has an allowance of its own, if any: only the registry itself is asked.
  const { primary } = context.registries().route(context.reference(location.place));
  const response = await head(context, primary, location.ref ?? DEFAULT_TAG, options);
  const account = await accountOf(context, primary, response, options);
  const allowance = read(primary.registry, response, account);
  const below =
    failBelow !== undefined && allowance.Remaining !== null && allowance.Remaining < failBelow;
  if (below) {
    context.warn(`${allowance.Remaining} pulls are left, fewer than ${failBelow}`);
  }
  return {
    json: allowance,
    text: (style) => page(allowance, style),
    ...(below ? { exit: 3 } : {}),
  };
}

async function head(
  context: Context,
  { registry, repository }: Reference,
  ref: string,
  options: CallOptions,
): Promise<HttpResponse> {
  const request: HttpClient = await context.http('only');
  const base = await context.endpoint('only', registry, options);
  const response = await request({
    method: 'HEAD',
    url: new URL(`v2/${repository}/manifests/${ref}`, base),
    headers: { accept: MANIFEST_ACCEPT },
    auth: { registry, repository, scopes: [pullScope(repository)] },
    // A 429 is an answer here: it must not be waited out.
    idempotent: false,
    signal: options.signal,
  });
  const limited = response.status === 429 && response.headers.get('ratelimit-limit') !== undefined;
  if (response.status === 200 || limited) {
    await response.discard();
    return response;
  }
  const connection = registryConnection(
    {
      request,
      endpoint: async () => base,
      warn: (text) => context.warn(text),
      retries: NO_RETRIES,
    },
    registry,
    [],
  );
  const target = `${registry}/${repository}:${ref}`;
  const attempt = { action: 'ask for the pull limit with', target, kind: 'manifest' as const };
  throw await responseError(connection, attempt, 'HEAD', response);
}

/** Who was signed in, where the request carried credentials. */
async function accountOf(
  context: Context,
  { registry, repository }: Reference,
  response: HttpResponse,
  options: CallOptions,
): Promise<string | null> {
  if (response.credentials?.sent !== true) return null;
  const chain = await context.credentials('only');
  const credential = await chain.lookup(registry, repository, options);
  if (credential === undefined) return null;
  return credential.kind === 'registry-token'
    ? credential.origin
    : (('username' in credential ? credential.username : undefined) ?? credential.origin);
}

function read(registry: string, { headers }: HttpResponse, account: string | null): Allowance {
  const found = parseRateLimit(headers);
  const remaining = found?.remaining;
  return {
    Registry: registry,
    Limit: found?.limit ?? null,
    Remaining: remaining ?? null,
    Used:
      found === undefined || remaining === undefined ? null : Math.max(0, found.limit - remaining),
    WindowSeconds: found?.windowSeconds ?? null,
    Source: found?.source ?? null,
    Account: account,
    Limited: found !== undefined,
  };
}

function page(allowance: Allowance, style: Style): string {
  const { Registry, Limit, Remaining, WindowSeconds, Source, Account, Limited } = allowance;
  const signedIn = Account === null ? 'anonymous' : `signed in as ${sanitize(Account)}`;
  if (!Limited) return `${sanitize(Registry)} does not limit pulls for you (${signedIn})`;
  const per = WindowSeconds === null ? '' : ` in ${humanSeconds(WindowSeconds)}`;
  const rows: readonly (readonly [string, string])[] = [
    ['Registry', sanitize(Registry)],
    ['Limit', `${Limit} pulls${per}`],
    ['Left', Remaining === null ? 'not said' : leftOf(Remaining, Limit, style)],
    ['Counted', Source === null ? 'not said' : sanitize(Source)],
    ['Account', signedIn],
  ];
  return rows.map(([name, value]) => `${style.dim(name.padEnd(9))} ${value}`).join('\n');
}

/** Yellow from the last quarter on, red at none. */
function leftOf(remaining: number, limit: number | null, style: Style): string {
  const text = String(remaining);
  if (remaining === 0) return style.red(text);
  return limit !== null && remaining * 4 <= limit ? style.yellow(text) : style.green(text);
}
