import type { Credential, CredentialChain } from '../../src/credentials/types.ts';
import type { TrustRoots } from '../../src/config/tls/roots.ts';
import type { HostPolicies, HostPolicy } from '../../src/config/hosts/types.ts';
import {
  createHttpClient,
  type HttpClientHandle,
  type HttpClientOptions,
} from '../../src/http/client.ts';
import type { HttpResponse } from '../../src/http/types.ts';
import { collect } from '../../src/util/bytes.ts';
import {
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../helpers/scripted-server.ts';

export const USER = 'jane';
export const PASSWORD = 'canary-password-1f3a';

export const BASIC = {
  kind: 'basic',
  username: USER,
  password: PASSWORD,
  origin: '--creds',
} as const satisfies Credential;

/** A chain over a list: each `forget` moves on to the next credential. */
export function chainOf(...credentials: readonly Credential[]): CredentialChain & {
  readonly asked: string[];
  readonly forgotten: string[];
} {
  const asked: string[] = [];
  const forgotten: string[] = [];
  return {
    asked,
    forgotten,
    lookup: (host) => {
      asked.push(host);
      return Promise.resolve(credentials[Math.min(forgotten.length, credentials.length - 1)]);
    },
    forget: (host) => void forgotten.push(host),
  };
}

export function policy(change: Partial<HostPolicy> = {}): HostPolicy {
  return {
    scheme: 'http',
    verifyTls: true,
    ca: [],
    clientCertificates: [],
    headers: {},
    ...change,
  };
}

/** What the machine trusts beside Node's own roots. */
export function rootsOf(...pems: readonly string[]): TrustRoots {
  const files = pems.map((pem) => ({ path: '/roots.pem', origin: 'the system', pem }));
  return { exclusive: false, load: () => files };
}

/** Plain HTTP for every host, with exceptions by host:port. */
export function policies(
  exceptions: Readonly<Record<string, Partial<HostPolicy>>> = {},
): HostPolicies {
  return (host) => policy(exceptions[host]);
}

export interface TestClient extends HttpClientHandle, AsyncDisposable {
  readonly sleeps: number[];
  readonly warned: string[];
  readonly retried: { attempt: number; delayMs: number; reason: string }[];
  readonly logged: string[];
  clock: number;
}

export const START = Date.parse('2026-01-01T00:00:00Z');

/** A client on a clock that only sleeping moves, with half of the full jitter. */
export function testClient(options: Partial<HttpClientOptions> = {}): TestClient {
  const state = { clock: START };
  const sleeps: number[] = [];
  const warned: string[] = [];
  const retried: TestClient['retried'] = [];
  const logged: string[] = [];
  const client = createHttpClient({
    credentials: chainOf(),
    policies: policies(),
    userAgent: 'regctl/test',
    now: () => state.clock,
    random: () => 0.5,
    sleep: (ms) => {
      sleeps.push(ms);
      state.clock += ms;
      return Promise.resolve();
    },
    retryTimes: 0,
    allowedRealms: () => false,
    onWarning: (text) => void warned.push(text),
    onRetry: (event) => void retried.push(event),
    log: (line) => void logged.push(line),
    roots: rootsOf(),
    ...options,
  });
  return {
    ...client,
    sleeps,
    warned,
    retried,
    logged,
    get clock() {
      return state.clock;
    },
    set clock(value) {
      state.clock = value;
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** The clients below `HttpClient`: what one does the others do too. */
export const TRANSFER_CLASSES = ['few', 'many', 'bulk'] as const;

/** `testClient` with every request to one of them: Node's, undici, sockets for answers. */
export function clientOn(lane: (typeof TRANSFER_CLASSES)[number]): typeof testClient {
  return (options) => {
    const client = testClient({ ...options, ...(lane === 'many' ? { fewRequests: 0 } : {}) });
    const { request: send } = client;
    const request: TestClient['request'] = (one) => send({ ...one, large: lane === 'bulk' });
    return Object.assign(client, { request });
  };
}

export async function bodyText(response: HttpResponse): Promise<string> {
  const bytes = await collect(response.body, 1024 * 1024, () => new Error('too large'));
  return new TextDecoder().decode(bytes);
}

export const pull = (name: string): string => `repository:${name}:pull`;

/** A registry that wants a Bearer token, with its token server below /token. */
export async function tokenRegistry(
  change: {
    /** Answers an authorised request. */
    answer?: Script;
    /** Answers the token request; default: a token named after its scopes. */
    token?: Script;
    /** The challenge for an unauthorised request; default: realm on the same origin. */
    challenge?: (origin: string, path: string) => string;
    /** Tokens that are refused. */
    refuse?: (token: string) => boolean;
  } = {},
): Promise<ScriptedServer> {
  let issued = 0;
  const server = await startScriptedServer((request, count) => {
    if (request.path.startsWith('/token')) {
      issued += 1;
      return (
        change.token?.(request, count) ?? {
          status: 200,
          body: JSON.stringify({ token: `token-${issued}`, expires_in: 300 }),
        }
      );
    }
    const sent = request.headers.authorization;
    const token = sent?.startsWith('Bearer ') === true ? sent.slice(7) : undefined;
    if (token !== undefined && change.refuse?.(token) !== true) {
      return change.answer?.(request, count) ?? { status: 200, body: 'hello' };
    }
    const origin = `http://${request.headers.host ?? ''}`;
    const header =
      change.challenge?.(origin, request.path) ??
      `Bearer realm="${origin}/token",service="reg",scope="${scopeOf(request.path)}"`;
    return { status: 401, headers: { 'www-authenticate': header }, body: '{}' };
  });
  return server;
}

function scopeOf(path: string): string {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//u.exec(path)?.[1];
  return name === undefined ? '' : pull(name);
}

/** Every byte of every request that a server saw, for a search for secrets. */
export function everything(server: ScriptedServer): string {
  return JSON.stringify(
    server.requests.map((one) => [one.method, one.path, one.headers, one.body.toString('utf8')]),
  );
}

/** The secret as it is, in base64 (Basic), and percent-encoded. */
export function secretForms(username: string, password: string): string[] {
  const pair = Buffer.from(`${username}:${password}`).toString('base64');
  return [password, pair, encodeURIComponent(password)];
}
