import type { ErrorCode } from '../../errors/codes.ts';
import { AppError } from '../../errors/app-error.ts';
import {
  errorCodesOf,
  findMapping,
  networkTitle,
  type ErrorMapping,
  type RetryClass,
  BODY_TIMEOUT,
  HEADERS_TIMEOUT,
  TOO_SLOW,
} from '../error-codes.ts';
import { ProxyError } from '../proxy/error.ts';
import { DISALLOWED_ADDRESS, FORBIDDEN_ADDRESS } from '../address/resolver.ts';
import { CertificateError, certificateFacts, tlsMappingOf } from '../tls/error.ts';

export interface NetworkErrorOptions {
  readonly retry: RetryClass;
  readonly hint?: string | undefined;
  readonly why?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** No answer arrived, or only a part of it. */
export class NetworkError extends AppError {
  readonly retry: RetryClass;

  constructor(code: ErrorCode, message: string, options: NetworkErrorOptions) {
    const { retry, hint, why, cause } = options;
    super(code, message, { hint, why, details: detailsOf(cause), cause });
    this.retry = retry;
  }
}

/** The facts of the cause, for `-o json`. */
function detailsOf(cause: unknown): Readonly<Record<string, unknown>> | undefined {
  if (cause instanceof ProxyError) {
    const { label, origin } = cause.proxy;
    return { proxy: label, proxyFrom: origin, ...detailsOf(cause.cause) };
  }
  if (!(cause instanceof CertificateError) || cause.certificate === undefined) return undefined;
  return { certificate: cause.certificate };
}

/** Socket, resolver, parser and our own codes; others, except TLS, are NETWORK and not retried. */
const MAPPINGS: readonly ErrorMapping[] = [
  {
    codes: ['ECONNREFUSED'],
    code: 'NETWORK',
    retry: 'briefly',
    lead: 'reach',
    description: 'connection refused',
    hint: 'Check the host and the port, and that the registry is running.',
  },
  {
    codes: ['ENOTFOUND'],
    code: 'NETWORK',
    retry: 'never',
    lead: 'reach',
    description: 'no such host',
    hint: 'Check the spelling of the registry, and your DNS or VPN.',
  },
  {
    codes: ['EAI_AGAIN'],
    code: 'NETWORK',
    retry: 'always',
    lead: 'reach',
    description: 'DNS does not resolve its name at the moment',
    hint: 'Check your network connection and DNS.',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'],
    code: 'NETWORK',
    retry: 'briefly',
    lead: 'reach',
    description: 'the network has no route to it',
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
    lead: 'host',
    description: 'closed the connection before the answer was complete',
    hint: 'Run the command again. If this repeats, check the proxies and firewalls in between.',
  },
  {
    codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    code: 'NETWORK',
    retry: 'always',
    lead: 'host',
    description: 'sent more or fewer bytes than it announced',
    hint: 'Run the command again. If this repeats, check the proxies in between.',
  },
  {
    codes: ['EMFILE', 'ENFILE'],
    code: 'NETWORK',
    retry: 'never',
    lead: 'reach',
    description: 'too many files are open',
    hint: 'Raise the limit: ulimit -n 4096',
  },
  {
    codes: ['ETIMEDOUT'],
    code: 'TIMEOUT',
    retry: 'always',
    lead: 'reach',
    description: 'no connection within the time limit',
    hint: 'Check your network connection and firewall.',
  },
  {
    codes: [HEADERS_TIMEOUT],
    code: 'TIMEOUT',
    retry: 'always',
    lead: 'host',
    description: 'did not answer within the time limit',
    hint: 'Raise --header-timeout if the registry is slow.',
  },
  {
    codes: [BODY_TIMEOUT],
    code: 'TIMEOUT',
    retry: 'always',
    lead: 'host',
    description: 'stopped sending in the middle of an answer',
    hint: 'Raise --idle-timeout if the connection is slow.',
  },
  {
    codes: [TOO_SLOW],
    code: 'TIMEOUT',
    retry: 'always',
    lead: 'host',
    description: 'transferred almost nothing for a minute',
    hint: 'If the connection is that slow, lower --min-speed (bytes per second; 0: no limit).',
  },
  {
    codes: ['HPE_HEADER_OVERFLOW', 'UND_ERR_HEADERS_OVERFLOW'],
    code: 'NETWORK',
    retry: 'never',
    lead: 'host',
    description: 'sent headers that are too large',
  },
  {
    codes: [FORBIDDEN_ADDRESS],
    code: 'TARGET_FORBIDDEN',
    retry: 'never',
    lead: 'host',
    description: 'resolves to an address that the registry may not send regctl to',
    hint: 'This can be an attack on your network. If you trust the registry, ask its operator.',
  },
  {
    codes: [DISALLOWED_ADDRESS],
    code: 'TARGET_FORBIDDEN',
    retry: 'never',
    lead: 'host',
    description: 'resolves to an address that allowHost refuses',
  },
];

/**
 * Turns a socket or parser error into one for users. `where` is the host as dialed. `plain`: the
 * connection does not use TLS.
 */
export function networkError(error: unknown, where: string, plain = false): NetworkError {
  if (error instanceof ProxyError) return proxyError(error, where);
  const row = findMapping(MAPPINGS, error) ?? tlsMappingOf(error, where);
  if (row !== undefined) {
    const { code, retry, hint } = row;
    const why = certificateFacts(row, error);
    return new NetworkError(code, networkTitle(row, where), { retry, hint, why, cause: error });
  }
  const code = errorCodesOf(error)[0];
  const isTls = code !== undefined && (code.startsWith('ERR_SSL_') || code === 'EPROTO');
  const isHttp = code?.startsWith('HPE_') === true;
  const what = isTls
    ? `cannot connect to ${where}: the TLS handshake failed`
    : isHttp
      ? `${where} does not answer with valid HTTP`
      : `cannot connect to ${where}: the request failed`;
  const hint =
    isHttp && plain
      ? 'If the registry uses TLS on this port, remove --plain-http.'
      : 'See what was sent and received with --debug.';
  return new NetworkError(isTls ? 'TLS' : 'NETWORK', what, { retry: 'never', hint, cause: error });
}

/** Names the proxy without its login, and the setting that must be corrected. */
function proxyError(error: ProxyError, where: string): NetworkError {
  const { proxy, failure, message, cause } = error;
  const { label, origin } = proxy;
  const make = (
    code: ErrorCode,
    what: string,
    retry: RetryClass,
    hint: string | undefined,
  ): NetworkError =>
    new NetworkError(code, `cannot reach ${where}: the proxy ${label} ${what}`, {
      retry,
      hint,
      why: [`the proxy is set by ${origin}`],
      cause: error,
    });

  if (failure === 'login') {
    const form = `${proxy.protocol}://USER:PASSWORD@${label.slice(label.indexOf('//') + 2)}`;
    return make('NETWORK', message, 'never', `Correct the login in ${origin}: ${form}`);
  }
  if (failure === 'refuse') {
    if (/DNS_FAIL/u.test(message)) {
      return make('NETWORK', `finds no such host (${message})`, 'never', SPELLING_HINT);
    }
    const hint = `Ask the operator of the proxy to allow ${where}, or add it to NO_PROXY.`;
    const retry = /HTTP 5\d\d|refused|reached|failed/u.test(message) ? 'briefly' : 'never';
    return make('NETWORK', `did not connect: ${message}`, retry, hint);
  }
  const row = findMapping(MAPPINGS, cause) ?? tlsMappingOf(cause, hostText(label));
  if (row === undefined) return make('NETWORK', message, 'briefly', proxyHint(origin));
  const tls = row.code === 'TLS' ? row.hint : undefined;
  return make(row.code, `${message}: ${row.description}`, row.retry, tls ?? proxyHint(origin));
}

const SPELLING_HINT = 'Check the spelling of the registry, or add it to NO_PROXY.';

const proxyHint = (origin: string): string =>
  `Check ${origin}. If the registry is reached directly, add it to NO_PROXY.`;

const hostText = (label: string): string => label.slice(label.indexOf('//') + 2);
