import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { Agent } from 'undici';
import type { HostPolicies, HostPolicy } from '../config/types.ts';
import { bareHost } from './address.ts';
import type { AddressGuard, Resolver } from './resolver.ts';
import { type KnownClass, mayDial } from './target.ts';

export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** Between two chunks of an answer; there is no limit on the whole. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 30_000, headersMs: 60_000, idleMs: 60_000 };

export interface Connection {
  /** Host whose policy applies. */
  readonly host: string;
  /** Origin whose answer named the target; absent when the user did. */
  readonly via?: URL | undefined;
}

export interface Agents {
  /** The pool for a connection; pools of different policies or guards share nothing. */
  get(connection: Connection): Promise<Agent>;
  /** Adds the operating system's CAs for a host. False when they were in use already. */
  trustSystem(host: string): boolean;
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly policies: HostPolicies;
  readonly resolver: Resolver;
  readonly timeouts: Timeouts;
  /** PEM texts of the system's CA bundle. Default: the usual files. */
  readonly systemCa?: (() => Promise<readonly string[]>) | undefined;
}

/** Time for one address before the next is tried beside it (RFC 8305 wants 250 ms to 2 s). */
const NEXT_ADDRESS_MS = 1000;

/** Where the distributions keep the bundle (Go crypto/x509 root_linux.go). */
const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export function createAgents(options: AgentOptions): Agents {
  const { policies, resolver, timeouts } = options;
  const agents = new Map<string, Promise<Agent>>();
  // Parsing the system's bundle takes some 50 ms, so it is read only when Node's roots fail.
  const systemTrusting = new Set<string>();
  let bundle: Promise<readonly string[]> | undefined;
  const systemCa = (): Promise<readonly string[]> => {
    bundle ??= (options.systemCa ?? readSystemBundle)();
    return bundle;
  };

  const create = async ({ host, via }: Connection): Promise<Agent> => {
    const policy = policies(host);
    const widened = policy.ca.length > 0 || systemTrusting.has(host);
    const ca = widened ? [...rootCertificates, ...(await systemCa()), ...policy.ca] : undefined;
    const { Agent: UndiciAgent } = await import('undici');
    return new UndiciAgent({
      pipelining: 1,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      connect: {
        timeout: timeouts.connectMs,
        lookup: resolver.lookup(via === undefined ? undefined : guardOf(via, resolver.knownClass)),
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
        ...tlsOptions(policy, ca),
      },
    });
  };

  return {
    get(connection) {
      const key = JSON.stringify([
        connection.host,
        connection.via?.origin ?? null,
        systemTrusting.has(connection.host),
      ]);
      const agent = agents.get(key) ?? create(connection);
      agents.set(key, agent);
      return agent;
    },
    trustSystem(host) {
      if (systemTrusting.has(host) || policies(host).ca.length > 0) return false;
      systemTrusting.add(host);
      return true;
    },
    async close() {
      const open = [...agents.values()];
      agents.clear();
      await Promise.allSettled(open.map(async (agent) => (await agent).destroy()));
    },
  };
}

/** Verification is switched off, and certificates are shown, for this host alone (CVE-2019-10214). */
function tlsOptions(policy: HostPolicy, ca: readonly string[] | undefined): object {
  const { clientCertificates } = policy;
  return {
    rejectUnauthorized: policy.verifyTls,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(clientCertificates.length === 0
      ? {}
      : {
          cert: clientCertificates.map(({ cert }) => cert),
          key: clientCertificates.map(({ key }) => key),
        }),
  };
}

function guardOf(via: URL, knownClass: KnownClass): AddressGuard {
  return (hostname, address) => {
    const same = bareHost(hostname) === bareHost(via.hostname);
    if (same || mayDial(via, address, knownClass)) return undefined;
    return `${via.host} points at ${hostname}, which has a ${address} address`;
  };
}

async function readSystemBundle(): Promise<readonly string[]> {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return [await readFile(path, 'utf8')];
    } catch {
      continue;
    }
  }
  return [];
}
