import type { Credential } from '../../../src/credentials/types.ts';
import type { Check, CheckFacts, CheckResult } from '../../../src/commands/doctor/check.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { AuthChallenge } from '../../../src/http/auth/challenge.ts';
import type { ConnectionReport } from '../../../src/http/probe/connection-report.ts';
import { parseRawHeaders } from '../../../src/http/headers.ts';
import type { Probe } from '../../../src/http/probe/probe.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../../src/http/types.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { fakeContext } from '../fake-context.ts';

export const NOW = Date.parse('2026-02-01T00:00:00Z');
export const HOST = 'r.example';
export const BASE = new URL(`https://${HOST}/`);
export const BASIC: Credential = {
  kind: 'basic',
  username: 'ann',
  password: 'canary',
  origin: '--creds',
};
export const BASIC_DEMAND: AuthChallenge = { offers: [{ kind: 'basic' }], scopes: [] };
export const REALM = new URL('https://auth.r.example/token?key=canary');
export const BEARER: AuthChallenge = {
  offers: [{ kind: 'bearer', realm: REALM, service: 'reg' }],
  scopes: [],
};

export function unexpected(name: string): () => never {
  return () => {
    throw new Error(`Unexpected call to ${name}`);
  };
}

export function probe(change: Partial<Probe> = {}): Probe {
  return {
    explain: unexpected('explain'),
    addresses: unexpected('addresses'),
    connect: unexpected('connect'),
    speaksTls: unexpected('speaksTls'),
    handshake: unexpected('handshake'),
    endpoint: unexpected('endpoint'),
    evaluateRealm: unexpected('judgeRealm'),
    obtainFreshAuthorization: unexpected('authorize'),
    ...change,
  };
}

export function connection(change: Partial<ConnectionReport> = {}): ConnectionReport {
  return {
    scheme: 'https',
    verifyTls: true,
    proxyReason: 'HTTPS_PROXY is not set',
    roots: [],
    builtInRoots: true,
    ...change,
  };
}

export function reply(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): HttpResponse {
  return {
    status,
    headers: parseRawHeaders(Object.entries(headers).flat()),
    url: new URL('v2/', BASE),
    body: bytesOf(new TextEncoder().encode(body)),
    discard: async () => undefined,
  };
}

/** A context that answers each request by `answer`, and the requests that it saw. */
export function answering(
  answer: (request: HttpRequest) => HttpResponse,
  change: Partial<Context> = {},
) {
  const seen: HttpRequest[] = [];
  const http: HttpClient = async (request) => {
    seen.push(request);
    return answer(request);
  };
  const { flags: _flags, ...others } = change;
  return { context: fakeContext({ http: async () => http, ...others }), seen };
}

export const DEFAULTS: Partial<CheckFacts> = {
  target: { registry: HOST, repository: undefined },
  location: { registry: HOST, repository: '' },
  mirrors: [],
  base: BASE,
  route: { url: BASE, connection: connection() },
};

export function run(
  check: Check,
  facts: Partial<CheckFacts>,
  context: Context = fakeContext(),
): Promise<CheckResult> {
  return check.run({ ...DEFAULTS, ...facts }, context, {});
}

export const textOf = ({ detail }: CheckResult): string =>
  typeof detail === 'string' ? detail : detail.join('; ');
