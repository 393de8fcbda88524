import { setMaxListeners } from 'node:events';
import type { CredentialChain } from '../credentials/types.ts';
import { NO_PROXIES, type ProxyRules } from '../config/proxies/rules.ts';
import { createTrustRoots, type TrustRoots } from '../config/tls/roots.ts';
import type { HostPolicies } from '../config/hosts/types.ts';
import { type BeginWait, type CallOptions, sleep as realSleep } from '../util/abort.ts';
import { createConnectionPools, DEFAULT_TIMEOUTS, type Timeouts } from './exchange/pools.ts';
import { authenticate } from './auth/authenticate.ts';
import {
  connectionReport,
  tracedProxies,
  type ConnectionReport,
} from './probe/connection-report.ts';
import { createDialer } from './dial/dialer.ts';
import { createEndpoints } from './dial/endpoint.ts';
import { log } from './log.ts';
import { redirect } from './redirect.ts';
import { type AllowHost, requireAllowed } from './address/allow-host.ts';
import { createResolver, type LookupAll } from './address/resolver.ts';
import { createPauses } from './retry/pauses.ts';
import type { Probe } from './probe/probe.ts';
import { retry } from './retry/retry.ts';
import { send } from './exchange/send.ts';
import { throttle } from './retry/throttle.ts';
import { createTlsContexts } from './tls/context.ts';
import { createTokenCache } from './auth/token-cache.ts';
import type { TokenStore } from './auth/token-store.ts';
import { createRetryPolicy, type RetryEvent, type RetryPolicy } from './retry/policy.ts';
import type { HttpClient, Middleware } from './types.ts';
import { warnings } from './warnings.ts';

/** Credentials, policies and limits of an HTTP client. */
export interface HttpClientOptions {
  readonly credentials: CredentialChain;
  readonly policies: HostPolicies;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** [0, 1) */
  readonly random: () => number;
  /** Waits. Default: the timers of Node.js. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /** Tries after the first. */
  readonly retryTimes: number;
  /** Maximum total wait of one request between its tries. Default: 5 minutes. */
  readonly maxRetryWaitMs?: number | undefined;
  /** A fixed wait before every further try. Default: one that doubles, with jitter. */
  readonly retryDelayMs?: number | undefined;
  /** Whether the user allows this token server to get the registry's credentials. */
  readonly allowedRealms: (registry: string, realmHost: string) => boolean;
  /** Called with each warning of a server. */
  readonly onWarning: (text: string) => void;
  /** Called before each wait for another try. */
  readonly onRetry: (event: RetryEvent) => void;
  /** The wire trace, redacted, line by line. */
  readonly log?: ((line: string) => void) | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Reports each wait for a host. Default: waits are not reported. */
  readonly beginWait?: BeginWait | undefined;
  /**
   * Requests to a host that are sent by Node's client, before undici is loaded for those that
   * follow. Default: 1000.
   */
  readonly fewRequests?: number | undefined;
  /** Called once, with the request that makes the run a long one. */
  readonly onLongRun?: (() => void) | undefined;
  /** Which request that is. Default: 100, more than the copy of an image takes. */
  readonly longRunAfter?: number | undefined;
  /** Hosts that may be contacted at all. Default: all. */
  readonly allowHost?: AllowHost | undefined;
  /** Name resolution. Default: the system's. */
  readonly lookup?: LookupAll | undefined;
  /** Tokens and challenges of earlier runs. Default: none. */
  readonly store?: TokenStore | undefined;
  /** Which proxy a URL goes through. Default: none. */
  readonly proxies?: ProxyRules | undefined;
  /** The system's authorities, in addition to Node's. Default: the system's usual files. */
  readonly roots?: TrustRoots | undefined;
}

/** An HTTP client, and what is known about its connections. */
export interface HttpClientHandle {
  readonly request: HttpClient;
  /** Base URL of a logical registry, with a trailing slash. @throws NetworkError */
  readonly endpoint: (registry: string, options?: CallOptions) => Promise<URL>;
  /** The retry policy of this client, for retries in higher layers: interrupted transfers. */
  readonly retries: RetryPolicy;
  /**
   * Proxy, certificates and roots for a URL; `registry`: the one it belongs to. @throws AppError
   */
  readonly explain: (url: URL, registry?: string) => ConnectionReport;
  /** The steps to reach a registry, one at a time, for diagnosis. */
  readonly probe: () => Promise<Probe>;
  /** Requests that were sent, including retries and token exchanges. */
  readonly stats: { readonly requests: number };
  /** Ends every connection and exchange. */
  close(): Promise<void>;
}

/** More than a copy of an image of ten layers: a change of V8's flags costs 0.15 s. */
const LONG_RUN_AFTER = 100;

const MAX_RETRY_WAIT_MS = 5 * 60 * 1000;

/**
 * Creates the one client for every registry of one side of a command.
 * @example
 * import { homedir, platform } from 'node:os';
 * import {
 *   createCredentialChain,
 *   createHostPolicies,
 *   createHttpClient,
 * } from '@regctl/cli/registry';
 *
 * const machine = { env: process.env, home: homedir(), os: platform(), warn: console.warn };
 * const http = createHttpClient({
 *   credentials: createCredentialChain({ flags: { noCreds: true }, ...machine }),
 *   policies: createHostPolicies({ registries: new Set() }),
 *   userAgent: 'my-program/1.0',
 *   now: Date.now,
 *   random: Math.random,
 *   retryTimes: 5,
 *   allowedRealms: () => false,
 *   onWarning: console.warn,
 *   onRetry: ({ reason }) => console.warn(reason),
 * });
 * const { status } = await http.request({ method: 'GET', url: new URL('https://ghcr.io/v2/') });
 * console.log(status); // 401
 * await http.close();
 */
export function createHttpClient(options: HttpClientOptions): HttpClientHandle {
  const { policies, now, random, onRetry } = options;
  const sleep = options.sleep ?? realSleep;
  const limits = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  // The speed of a transfer is not judged over less time than it may pause.
  const timeouts = { ...limits, speedWindowMs: Math.max(limits.speedWindowMs, limits.idleMs) };
  const maxWaitMs = options.maxRetryWaitMs ?? MAX_RETRY_WAIT_MS;
  const stats = { requests: 0 };
  const closing = new AbortController();
  const resolver = createResolver(options.lookup);
  const { knownClass } = resolver;
  const rules = options.proxies ?? NO_PROXIES;
  const proxies = options.log === undefined ? rules : tracedProxies(rules, options.log);
  const roots = options.roots ?? createTrustRoots({}, options.onWarning);
  const contexts = createTlsContexts(policies, roots);
  const { allowHost } = options;
  const dialer = createDialer({ contexts, resolver, connectMs: timeouts.connectMs, allowHost });
  const pools = createConnectionPools(dialer, options.fewRequests);
  const endpoints = createEndpoints({ policies, dialer, proxies, beginWait: options.beginWait });

  const pauses = createPauses();
  const { retryTimes, retryDelayMs: delayMs } = options;
  const tries = { retryTimes, maxWaitMs, delayMs };
  const retries = createRetryPolicy({ ...tries, now, random, sleep, onRetry, pauses });

  /** The fixed order, outermost first. Token exchanges enter below `authenticate`. */
  const layers: readonly Middleware[] = [
    warnings(options.onWarning),
    redirect(knownClass),
    authenticate({
      ...options,
      endpoints,
      knownClass,
      cache: createTokenCache(now, options.store),
      closed: closing.signal,
    }),
    retry(retries),
    throttle({ now, sleep, maxWaitMs, pauses, beginWait: options.beginWait }),
    ...(options.log === undefined ? [] : [log(options.log, now)]),
  ];
  const { longRunAfter = LONG_RUN_AFTER } = options;
  const onRequest = (): void => {
    stats.requests += 1;
    if (stats.requests === longRunAfter) options.onLongRun?.();
  };
  const sendOnce = send({
    pools,
    policies,
    proxies,
    timeouts,
    now,
    userAgent: options.userAgent,
    onRequest,
  });

  const wire: HttpClient = async (request) => {
    if (allowHost !== undefined) requireAllowed(allowHost, request.url);
    // A program may share one signal among any number of calls, which is no leak.
    if (request.signal !== undefined) setMaxListeners(0, request.signal);
    return sendOnce(request);
  };

  const explain: HttpClientHandle['explain'] = (url, registry) =>
    connectionReport(url, registry, { policies, proxies: rules, roots });

  return {
    request: layers.reduceRight<HttpClient>((next, layer) => layer(next), wire),
    endpoint: endpoints.resolve,
    explain,
    async probe() {
      const { createProbe } = await import('./probe/probe.ts');
      const tracing = options.log === undefined ? wire : log(options.log, now)(wire);
      const { resolve: endpoint } = endpoints;
      const { signal: closed } = closing;
      const parts = { dialer, resolver, proxies, roots, knownClass, closed };
      return createProbe({ ...options, ...parts, explain, endpoint, send: tracing });
    },
    retries,
    stats,
    async close() {
      closing.abort(new Error('the client was closed'));
      pools.close();
    },
  };
}
