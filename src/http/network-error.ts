import { AppError } from '../errors/app-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { FORBIDDEN_ADDRESS } from './resolver.ts';

/** Whether sending again can help: `briefly` stands for at most two quick tries. */
export type RetryClass = 'always' | 'briefly' | 'never';

/** No answer arrived, or it broke off. */
export class NetworkError extends AppError {
  readonly retry: RetryClass;

  constructor(
    code: ErrorCode,
    message: string,
    retry: RetryClass,
    hint: string | undefined,
    cause: unknown,
  ) {
    super(code, message, { hint, cause });
    this.retry = retry;
  }
}

interface Row {
  readonly codes: readonly string[];
  readonly code: 'NETWORK' | 'TIMEOUT' | 'TLS' | 'TARGET_FORBIDDEN';
  readonly retry: RetryClass;
  /** Completes "HOST: …". */
  readonly what: string;
  readonly hint?: string;
}

const TRUST_HINT =
  'Name the folder with its CA by --cert-dir DIR, or pass --tls-verify=false to go unverified.';
const PLAIN_HTTP_HINT = 'If the registry is meant to be reached without TLS, pass --plain-http.';

/** Socket, resolver, TLS and undici codes; what is not listed is NETWORK and not retried. */
const ROWS: readonly Row[] = [
  {
    codes: ['ECONNREFUSED'],
    code: 'NETWORK',
    retry: 'briefly',
    what: 'connection refused',
    hint: 'Check the host and the port, and that the registry is running.',
  },
  {
    codes: ['ENOTFOUND'],
    code: 'NETWORK',
    retry: 'never',
    what: 'no such host',
    hint: 'Check the spelling of the registry, and your DNS or VPN.',
  },
  {
    codes: ['EAI_AGAIN'],
    code: 'NETWORK',
    retry: 'always',
    what: 'the name could not be looked up for now',
    hint: 'Check your network connection and DNS.',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'],
    code: 'NETWORK',
    retry: 'briefly',
    what: 'the network cannot reach it',
    hint: 'Check your network connection, VPN and firewall.',
  },
  {
    codes: ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'UND_ERR_INFO'],
    code: 'NETWORK',
    retry: 'always',
    what: 'the connection was closed before the answer was complete',
  },
  {
    codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    code: 'NETWORK',
    retry: 'always',
    what: 'the answer is shorter or longer than announced',
  },
  {
    codes: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'],
    code: 'TIMEOUT',
    retry: 'always',
    what: 'no connection within the time limit',
    hint: 'Check your network connection and firewall.',
  },
  {
    codes: ['UND_ERR_HEADERS_TIMEOUT'],
    code: 'TIMEOUT',
    retry: 'always',
    what: 'no answer within the time limit',
  },
  {
    codes: ['UND_ERR_BODY_TIMEOUT'],
    code: 'TIMEOUT',
    retry: 'always',
    what: 'the answer stalled',
  },
  {
    codes: ['UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW'],
    code: 'NETWORK',
    retry: 'never',
    what: 'the headers of the answer are too large',
  },
  {
    codes: [FORBIDDEN_ADDRESS],
    code: 'TARGET_FORBIDDEN',
    retry: 'never',
    what: 'its name leads to an address that may not be reached from there',
    hint: 'This can be an attack on your network; if you trust the registry, tell its operator.',
  },
  {
    codes: [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_UNTRUSTED',
    ],
    code: 'TLS',
    retry: 'never',
    what: 'its certificate is signed by an authority that this machine does not trust',
    hint: TRUST_HINT,
  },
  {
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    code: 'TLS',
    retry: 'never',
    what: 'its certificate is for another host name',
    hint: 'Use the name that the certificate carries, or pass --tls-verify=false to go unverified.',
  },
  {
    codes: ['CERT_HAS_EXPIRED'],
    code: 'TLS',
    retry: 'never',
    what: 'its certificate has expired',
    hint: 'Check the clock of this machine; otherwise the registry has to renew its certificate.',
  },
  {
    codes: ['CERT_NOT_YET_VALID'],
    code: 'TLS',
    retry: 'never',
    what: 'its certificate is not valid yet',
    hint: 'Check the clock of this machine.',
  },
  {
    codes: [
      'CERT_REVOKED',
      'CERT_SIGNATURE_FAILURE',
      'CERT_REJECTED',
      'INVALID_PURPOSE',
      'INVALID_CA',
    ],
    code: 'TLS',
    retry: 'never',
    what: 'its certificate is not acceptable',
  },
  {
    codes: [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ERR_SSL_PACKET_LENGTH_TOO_LONG',
      'ERR_SSL_HTTP_REQUEST',
    ],
    code: 'TLS',
    retry: 'never',
    what: 'it does not speak TLS on this port',
    hint: PLAIN_HTTP_HINT,
  },
  {
    codes: ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'],
    code: 'TLS',
    retry: 'never',
    what: 'it asks for a client certificate',
    hint: 'Put client.cert and client.key into a folder and name it by --cert-dir DIR.',
  },
];

/** Whether a code says that the certificate chain ends at an unknown authority. */
export function isUnknownAuthority(error: unknown): boolean {
  return rowOf(error)?.hint === TRUST_HINT;
}

/** A thrown socket or undici error as an error for people. `where` is the host as it was dialled. */
export function networkError(error: unknown, where: string): NetworkError {
  const row = rowOf(error);
  if (row !== undefined) {
    return new NetworkError(row.code, `${where}: ${row.what}`, row.retry, row.hint, error);
  }
  const code = codesOf(error)[0];
  const isTls = code !== undefined && (code.startsWith('ERR_SSL_') || code === 'EPROTO');
  const isHttp = code?.startsWith('HPE_') === true;
  const what = isTls
    ? `the TLS handshake failed (${code})`
    : isHttp
      ? 'the answer is not valid HTTP'
      : `the request failed${code === undefined ? '' : ` (${code})`}`;
  return new NetworkError(
    isTls ? 'TLS' : 'NETWORK',
    `${where}: ${what}`,
    'never',
    undefined,
    error,
  );
}

function rowOf(error: unknown): Row | undefined {
  const found = codesOf(error);
  return ROWS.find((row) => row.codes.some((code) => found.includes(code)));
}

/** The codes of an error, of its causes, and of the first try of several addresses. */
function codesOf(error: unknown): string[] {
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
