import type { ErrorCode } from '../../errors/codes.ts';
import { AppError } from '../../errors/app-error.ts';
import {
  errorCodesOf,
  findMapping,
  type ErrorMapping,
  type RetryClass,
  BODY_TIMEOUT,
  HEADERS_TIMEOUT,
  TOO_SLOW,
} from '../error-codes.ts';
import { ProxyError } from '../proxy/error.ts';
import { FORBIDDEN_ADDRESS } from '../address/resolver.ts';
import { CertificateError, tlsMappingOf } from '../tls/error.ts';

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
    super(code, message, { hint, details: detailsOf(cause), cause });
    this.retry = retry;
  }
}

/** The facts behind it, for `-o json`. */
function detailsOf(cause: unknown): Readonly<Record<string, unknown>> | undefined {
  if (cause instanceof ProxyError) {
    const { label, origin } = cause.proxy;
    return { proxy: label, proxyFrom: origin, ...detailsOf(cause.cause) };
  }
  if (!(cause instanceof CertificateError) || cause.certificate === undefined) return undefined;
  return { certificate: cause.certificate };
}

/** Socket, resolver, parser and our own codes; what is not listed, TLS aside, is NETWORK and not retried. */
const MAPPINGS: readonly ErrorMapping[] = [
  {
    codes: ['ECONNREFUSED'],
    code: 'NETWORK',
    retry: 'briefly',
    description: 'connection refused',
    hint: 'Check the host and the port, and that the registry is running.',
  },
  {
    codes: ['ENOTFOUND'],
    code: 'NETWORK',
    retry: 'never',
    description: 'no such host',
    hint: 'Check the spelling of the registry, and your DNS or VPN.',
  },
  {
    codes: ['EAI_AGAIN'],
    code: 'NETWORK',
    retry: 'always',
    description: 'the name could not be looked up for now',
    hint: 'Check your network connection and DNS.',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'],
    code: 'NETWORK',
    retry: 'briefly',
    description: 'the network cannot reach it',
    hint: 'Check your network connection, VPN and firewall.',
  },
  {
    codes: [
      'ECONNRESET',
      'EPIPE',
      'ECONNABORTED',
      'ERR_STREAM_PREMATURE_CLOSE',
      'UND_ERR_SOCKET',
      'UND_ERR_INFO',
    ],
    code: 'NETWORK',
    retry: 'always',
    description: 'the connection was closed before the answer was complete',
  },
  {
    codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    code: 'NETWORK',
    retry: 'always',
    description: 'the answer is shorter or longer than announced',
  },
  {
    codes: ['ETIMEDOUT'],
    code: 'TIMEOUT',
    retry: 'always',
    description: 'no connection within the time limit',
    hint: 'Check your network connection and firewall.',
  },
  {
    codes: [HEADERS_TIMEOUT],
    code: 'TIMEOUT',
    retry: 'always',
    description: 'no answer within the time limit',
  },
  {
    codes: [BODY_TIMEOUT],
    code: 'TIMEOUT',
    retry: 'always',
    description: 'the answer stalled',
  },
  {
    codes: [TOO_SLOW],
    code: 'TIMEOUT',
    retry: 'always',
    description: 'the transfer moved next to nothing for a minute',
    hint: 'Where the link is that slow, --min-speed sets another limit in bytes a second; 0 is none.',
  },
  {
    codes: ['HPE_HEADER_OVERFLOW', 'UND_ERR_HEADERS_OVERFLOW'],
    code: 'NETWORK',
    retry: 'never',
    description: 'the headers of the answer are too large',
  },
  {
    codes: [FORBIDDEN_ADDRESS],
    code: 'TARGET_FORBIDDEN',
    retry: 'never',
    description: 'its name leads to an address that may not be reached from there',
    hint: 'This can be an attack on your network; if you trust the registry, tell its operator.',
  },
];

/**
 * A thrown socket or parser error as an error for people. `where` is the host as it was dialled.
 * `plain`: it was spoken to without TLS.
 */
export function networkError(error: unknown, where: string, plain = false): NetworkError {
  if (error instanceof ProxyError) return proxyError(error, where);
  const row = findMapping(MAPPINGS, error) ?? tlsMappingOf(error, where);
  if (row !== undefined) {
    return new NetworkError(row.code, `${where}: ${row.description}`, row.retry, row.hint, error);
  }
  const code = errorCodesOf(error)[0];
  const isTls = code !== undefined && (code.startsWith('ERR_SSL_') || code === 'EPROTO');
  const isHttp = code?.startsWith('HPE_') === true;
  const what = isTls
    ? `the TLS handshake failed (${code})`
    : isHttp
      ? 'the answer is not valid HTTP'
      : `the request failed${code === undefined ? '' : ` (${code})`}`;
  const hint =
    isHttp && plain
      ? 'If the registry speaks TLS on this port, leave out --plain-http.'
      : undefined;
  return new NetworkError(isTls ? 'TLS' : 'NETWORK', `${where}: ${what}`, 'never', hint, error);
}

/** The proxy is named without its login; which setting named it says what to correct. */
function proxyError(error: ProxyError, where: string): NetworkError {
  const { proxy, failure, message, cause } = error;
  const { label, origin } = proxy;
  const name = `the proxy ${label} (from ${origin})`;
  const make = (
    code: ErrorCode,
    what: string,
    retry: RetryClass,
    hint: string | undefined,
  ): NetworkError => new NetworkError(code, `${where}: ${name}: ${what}`, retry, hint, error);

  if (failure === 'login') {
    const form = `${proxy.protocol}://USER:PASSWORD@${label.slice(label.indexOf('//') + 2)}`;
    return make('NETWORK', message, 'never', `Put the right login into ${origin}: ${form}`);
  }
  if (failure === 'refuse') {
    if (/DNS_FAIL/u.test(message)) {
      return make('NETWORK', `it finds no such host (${message})`, 'never', SPELLING_HINT);
    }
    const hint = `Ask those who run the proxy to let ${where} pass, or exempt it by NO_PROXY.`;
    const retry = /HTTP 5\d\d|refused|reached|failed/u.test(message) ? 'briefly' : 'never';
    return make('NETWORK', `it did not connect: ${message}`, retry, hint);
  }
  const row = findMapping(MAPPINGS, cause) ?? tlsMappingOf(cause, hostText(label));
  if (row === undefined) return make('NETWORK', message, 'briefly', proxyHint(origin));
  const tls = row.code === 'TLS' ? row.hint : undefined;
  return make(row.code, `${message}: ${row.description}`, row.retry, tls ?? proxyHint(origin));
}

const SPELLING_HINT = 'Check the spelling of the registry, or exempt it by NO_PROXY.';

const proxyHint = (origin: string): string =>
  `Check ${origin}, or exempt the registry by NO_PROXY if it is reached directly.`;

const hostText = (label: string): string => label.slice(label.indexOf('//') + 2);
