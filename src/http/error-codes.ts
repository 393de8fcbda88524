/** Whether sending again can help: `briefly` stands for at most two quick tries. */
export type RetryClass = 'always' | 'briefly' | 'never';

/** `reach`: nothing was reached. `trust`: its certificate is refused. `host`: what it did. */
export type Lead = 'reach' | 'trust' | 'host';

const LEADS: Readonly<Record<Lead, (host: string) => string>> = {
  reach: (host) => `cannot reach ${host}: `,
  trust: (host) => `cannot trust ${host}: `,
  host: (host) => `${host} `,
};

export function networkTitle({ lead, description }: ErrorMapping, host: string): string {
  return `${LEADS[lead](host)}${description}`;
}

/** What the code of a socket, resolver, TLS or HTTP parser error means to people. */
export interface ErrorMapping {
  readonly codes: readonly string[];
  readonly code: 'NETWORK' | 'TIMEOUT' | 'TLS' | 'TARGET_FORBIDDEN';
  readonly retry: RetryClass;
  /** What went wrong, without the host: "connection refused". */
  readonly description: string;
  /** How a title begins before the description. */
  readonly lead: Lead;
  readonly hint?: string;
}

/** The codes of an error, of its causes, and of the first try of several addresses. */
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

/** Codes of our own limits, as ../dial/network-error.ts knows them. */
export const HEADERS_TIMEOUT = 'HEADERS_TIMEOUT';

export const BODY_TIMEOUT = 'BODY_TIMEOUT';

export const TOO_SLOW = 'TOO_SLOW';

/** The error of one of our own limits. */
export function timeoutError(
  code: typeof HEADERS_TIMEOUT | typeof BODY_TIMEOUT | typeof TOO_SLOW,
): Error {
  return Object.assign(new Error('no answer in time'), { code });
}

/** The error that a socket gives when nothing answers, for a limit of our own. */
export function timedOut(): Error {
  return Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
}
