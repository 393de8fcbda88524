/** Whether a retry can help; `briefly`: at most two quick tries. */
export type RetryClass = 'always' | 'briefly' | 'never';

/** `reach`: no connection. `trust`: its certificate is rejected. `host`: its answer is wrong. */
export type Lead = 'reach' | 'trust' | 'host';

const LEADS: Readonly<Record<Lead, (host: string) => string>> = {
  reach: (host) => `cannot reach ${host}: `,
  trust: (host) => `cannot trust ${host}: `,
  host: (host) => `${host} `,
};

export function networkTitle({ lead, description }: ErrorMapping, host: string): string {
  return `${LEADS[lead](host)}${description}`;
}

/** The meaning of an error code of a socket, resolver, TLS or HTTP parser. */
export interface ErrorMapping {
  readonly codes: readonly string[];
  readonly code: 'NETWORK' | 'TIMEOUT' | 'TLS' | 'TARGET_FORBIDDEN';
  readonly retry: RetryClass;
  /** What went wrong, without the host: "connection refused". */
  readonly description: string;
  /** How the title starts, before the description. */
  readonly lead: Lead;
  readonly hint?: string;
}

/** The codes of an error, of its causes, and of the first of several addresses. */
export function errorCodesOf(error: unknown): string[] {
  const codes: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code);
    if (/wrong version number|packet length too long/u.test(current.message)) {
      codes.push('ERR_SSL_WRONG_VERSION_NUMBER');
    }
    current = current instanceof AggregateError ? (current.errors[0] as unknown) : current.cause;
  }
  return codes;
}

export function findMapping(
  mappings: readonly ErrorMapping[],
  error: unknown,
): ErrorMapping | undefined {
  const found = errorCodesOf(error);
  return mappings.find((row) => row.codes.some((code) => found.includes(code)));
}

/** Codes of our own limits, mapped in dial/network-error.ts. */
export const HEADERS_TIMEOUT = 'HEADERS_TIMEOUT';

export const BODY_TIMEOUT = 'BODY_TIMEOUT';

export const TOO_SLOW = 'TOO_SLOW';

/** Creates the error of one of our own limits. */
export function timeoutError(
  code: typeof HEADERS_TIMEOUT | typeof BODY_TIMEOUT | typeof TOO_SLOW,
): Error {
  return Object.assign(new Error('no answer in time'), { code });
}

/** Creates the error that a socket emits on a timeout, for our own limit. */
export function timedOut(): Error {
  return Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
}
