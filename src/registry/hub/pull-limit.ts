import { NO_RETRIES } from '../../http/retry/policy.ts';
import type { HttpClient, HttpResponse, ResponseHeaders } from '../../http/types.ts';
import { MANIFEST_ACCEPT } from '../../oci/media-types.ts';
import type { Reference } from '../../reference/types.ts';
import { registryContext } from '../requests.ts';
import { errorFromResponse } from '../errors/error.ts';
import { pullScope } from '../scopes.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { CredentialChain } from '../../credentials/types.ts';

/** The image that Docker provides for this request. */
export const PULL_LIMIT_IMAGE = 'docker.io/ratelimitpreview/test';

/** A registry's pull limit, as JSON. Null: unknown. */
export interface PullLimit {
  readonly Registry: string;
  readonly Limit: number | null;
  readonly Remaining: number | null;
  readonly Used: number | null;
  readonly WindowSeconds: number | null;
  /** What is counted: an address or an account ID. */
  readonly Source: string | null;
  /** The username that was used; null for anonymous. */
  readonly Account: string | null;
  readonly Limited: boolean;
}

/** The client functions that the request needs. */
export interface PullLimitClient {
  readonly request: HttpClient;
  endpoint(registry: string, options?: CallOptions): Promise<URL>;
  credentials(): Promise<CredentialChain>;
  warn(text: string): void;
}

/** Sends one HEAD, which does not count as a pull; a 429 contains the limit too. */
export async function fetchPullLimit(
  client: PullLimitClient,
  location: Reference,
  ref: string,
  options: CallOptions,
): Promise<PullLimit> {
  const response = await head(client, location, ref, options);
  const account = await accountOf(client, location, response, options);
  return read(location.registry, response, account);
}

async function head(
  client: PullLimitClient,
  { registry, repository }: Reference,
  ref: string,
  options: CallOptions,
): Promise<HttpResponse> {
  const { request } = client;
  const base = await client.endpoint(registry, options);
  const response = await request({
    method: 'HEAD',
    url: new URL(`v2/${repository}/manifests/${ref}`, base),
    headers: { accept: MANIFEST_ACCEPT },
    auth: { registry, repository, scopes: [pullScope(repository)] },
    // A 429 is a valid answer here: it must not be waited out.
    idempotent: false,
    signal: options.signal,
  });
  const limited = response.status === 429 && response.headers.get('ratelimit-limit') !== undefined;
  if (response.status === 200 || limited) {
    await response.discard();
    return response;
  }
  const connection = registryContext(
    {
      request,
      endpoint: async () => base,
      warn: (text) => client.warn(text),
      retries: NO_RETRIES,
    },
    registry,
    [],
  );
  const target = `${registry}/${repository}:${ref}`;
  const attempt = { action: 'ask for the pull limit with', target, kind: 'manifest' as const };
  throw await errorFromResponse(connection, attempt, 'HEAD', response);
}

/** The account, if the request carried credentials. */
async function accountOf(
  client: PullLimitClient,
  { registry, repository }: Reference,
  response: HttpResponse,
  options: CallOptions,
): Promise<string | null> {
  if (response.credentials?.sent !== true) return null;
  const chain = await client.credentials();
  const credential = await chain.lookup(registry, repository, options);
  if (credential === undefined) return null;
  return credential.kind === 'registry-token'
    ? credential.origin
    : (('username' in credential ? credential.username : undefined) ?? credential.origin);
}

function read(registry: string, { headers }: HttpResponse, account: string | null): PullLimit {
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

/** The pull limit in a registry's headers. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number | undefined;
  /** Length of the window in seconds. */
  readonly windowSeconds: number | undefined;
  /** Seconds until the window restarts, if the registry reports it. */
  readonly resetSeconds: number | undefined;
  /** What is counted: an address or an account ID. */
  readonly source: string | undefined;
}

interface Quota {
  readonly value: number;
  readonly window: number | undefined;
}

/**
 * Parses `ratelimit-limit: 100;w=21600`, a list of these, or a plain number; `undefined` without
 * the header, which means unlimited. Of several windows, the one with the fewest pulls left counts.
 */
export function parseRateLimit(headers: ResponseHeaders): RateLimit | undefined {
  const limits = quotas(headers, 'ratelimit-limit');
  const left = quotas(headers, 'ratelimit-remaining');
  const [first] = limits;
  if (first === undefined) return undefined;
  const scarcest = left.reduce<Quota | undefined>(
    (low, one) => (low === undefined || one.value < low.value ? one : low),
    undefined,
  );
  const limit = limits.find((one) => one.window === scarcest?.window) ?? first;
  const reset = quotas(headers, 'ratelimit-reset')[0];
  return {
    limit: limit.value,
    remaining: scarcest?.value,
    windowSeconds: limit.window ?? scarcest?.window ?? windowOf(limits, limit.value),
    resetSeconds: reset?.value,
    source: headers.get('docker-ratelimit-source')?.trim(),
  };
}

/** A list may state the limit first and its window in a later entry: `100, 100;w=21600`. */
function windowOf(limits: readonly Quota[], value: number): number | undefined {
  return limits.find((one) => one.value === value && one.window !== undefined)?.window;
}

function quotas(headers: ResponseHeaders, name: string): Quota[] {
  return headers.all(name).flatMap((line) => line.split(',').flatMap(quota));
}

function quota(text: string): Quota[] {
  const [value, ...parameters] = text.split(';').map((part) => part.trim());
  if (value === undefined || !/^\d{1,12}$/.test(value)) return [];
  const window = parameters.find((one) => /^w=\d{1,12}$/.test(one));
  return [
    { value: Number(value), window: window === undefined ? undefined : Number(window.slice(2)) },
  ];
}
