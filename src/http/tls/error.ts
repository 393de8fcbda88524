import type { CertificateSummary } from './certificate.ts';
import { findMapping, type ErrorMapping, type Lead } from '../error-codes.ts';

/** A certificate was rejected. `certificate`: from a second connection; absent if that failed. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly code = 'ERR_CERTIFICATE';
  /** Host whose policy applies; names the directory in certs.d. */
  readonly host: string;
  readonly certificate: CertificateSummary | undefined;

  constructor(host: string, certificate: CertificateSummary | undefined, cause: unknown) {
    super('the certificate was refused', { cause });
    this.host = host;
    this.certificate = certificate;
  }
}

const SSL3_ALERT = 'SSLV3_ALERT';

const tlsMapping = (
  lead: Lead,
  description: string,
  codes: readonly string[],
  hint?: string,
): ErrorMapping => ({
  codes: codes.flatMap(namesOf),
  lead,
  code: 'TLS',
  retry: 'never',
  description,
  ...(hint === undefined ? {} : { hint }),
});

/** OpenSSL 3.4 and later use another name for the alerts that TLS inherited from SSL 3. */
function namesOf(code: string): readonly string[] {
  return code.includes(SSL3_ALERT) ? [code, code.replace(SSL3_ALERT, 'SSL/TLS_ALERT')] : [code];
}

const TRUST_HINT =
  'Name the directory with its CA: --cert-dir DIR. To skip verification, add --tls-verify=false.';
const CLIENT_HINT = (dir: string): string =>
  `Put client.cert and client.key into ${dir}, or name their directory: --cert-dir DIR`;

const UNKNOWN_AUTHORITY = tlsMapping(
  'trust',
  'its certificate is signed by an authority that this machine does not trust',
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_UNTRUSTED',
  ],
  TRUST_HINT,
);

const OTHER_NAME = tlsMapping(
  'trust',
  'its certificate is for another host name',
  ['ERR_TLS_CERT_ALTNAME_INVALID'],
  'Use a name that the certificate is for. To skip verification, add --tls-verify=false.',
);

/** Errors of the certificate itself. */
const CERTIFICATE_MAPPINGS: readonly ErrorMapping[] = [
  UNKNOWN_AUTHORITY,
  OTHER_NAME,
  tlsMapping(
    'trust',
    'its certificate has expired',
    ['CERT_HAS_EXPIRED'],
    'Check the clock of this machine. If it is right, the registry must renew its certificate.',
  ),
  tlsMapping(
    'trust',
    'its certificate is not valid yet',
    ['CERT_NOT_YET_VALID'],
    'Check the clock of this machine.',
  ),
  tlsMapping(
    'trust',
    'its certificate is too weak',
    ['EE_KEY_TOO_SMALL', 'CA_KEY_TOO_SMALL', 'CA_MD_TOO_WEAK'],
    'The operator of the registry must use a certificate with a longer key and SHA-256.',
  ),
  tlsMapping('trust', 'its certificate is not acceptable', [
    'CERT_REVOKED',
    'CERT_SIGNATURE_FAILURE',
    'CERT_REJECTED',
    'INVALID_PURPOSE',
    'INVALID_CA',
    'PATH_LENGTH_EXCEEDED',
  ]),
];

const CERTIFICATE_REQUIRED = tlsMapping('host', 'asks for a client certificate that it accepts', [
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
]);

/** Errors of the handshake. */
const HANDSHAKE_MAPPINGS: readonly ErrorMapping[] = [
  tlsMapping(
    'host',
    'does not use TLS on this port',
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'],
    'Check the port. If this registry uses plain HTTP, add --plain-http.',
  ),
  CERTIFICATE_REQUIRED,
  tlsMapping(
    'host',
    'rejected the client certificate',
    [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
      'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
      'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    ],
    'Check the dates and the issuer of the *.cert file that is sent.',
  ),
  tlsMapping(
    'host',
    'does not support TLS 1.2 or 1.3',
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    'The operator of the registry must enable TLS 1.2 or later.',
  ),
  tlsMapping(
    'host',
    'rejected the TLS handshake',
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY'],
    'It may require a client certificate (client.cert and client.key in --cert-dir DIR) or an outdated cipher.',
  ),
];

export const TLS_MAPPINGS: readonly ErrorMapping[] = [
  ...CERTIFICATE_MAPPINGS,
  ...HANDSHAKE_MAPPINGS,
];

/** Whether a code means that the certificate chain ends at an unknown authority. */
export function isUnknownAuthority(error: unknown): boolean {
  return findMapping([UNKNOWN_AUTHORITY], error) !== undefined;
}

export function isCertificateFault(error: unknown): boolean {
  return findMapping(CERTIFICATE_MAPPINGS, error) !== undefined;
}

/** Finds the row of a TLS error, with a hint that names the directories of this host. */
export function tlsMappingOf(error: unknown, where: string): ErrorMapping | undefined {
  const row = findMapping(TLS_MAPPINGS, error);
  if (row === CERTIFICATE_REQUIRED) return { ...row, hint: CLIENT_HINT(dockerDirectory(where)) };
  if (row === undefined || !(error instanceof CertificateError)) return row;
  const { certificate, host } = error;
  return row.description === UNKNOWN_AUTHORITY.description
    ? { ...row, hint: authorityHint(host, certificate) }
    : row;
}

/** Facts about the certificate that a row describes. */
export function certificateFacts({ description }: ErrorMapping, error: unknown): readonly string[] {
  if (!(error instanceof CertificateError) || error.certificate === undefined) return [];
  const { subject, issuer, validFrom, validTo, names, selfSigned } = error.certificate;
  const isOther = description === OTHER_NAME.description && names.length > 0;
  return [
    ...(isOther ? [`it is for ${names.join(', ')}`] : []),
    `subject ${subject}`,
    selfSigned ? 'self-signed' : `issuer ${issuer}`,
    `valid from ${validFrom} to ${validTo}`,
  ];
}

function authorityHint(host: string, certificate: CertificateSummary | undefined): string {
  const what =
    certificate === undefined
      ? 'its CA'
      : certificate.selfSigned
        ? 'it'
        : `the CA "${certificate.authority}"`;
  return (
    `If you trust it, save ${what} in PEM form as ${dockerDirectory(host)}/ca.crt or ` +
    `~/.config/containers/certs.d/${host}/ca.crt. To name another directory, add --cert-dir DIR; ` +
    'to skip verification, add --tls-verify=false.'
  );
}

function dockerDirectory(host: string): string {
  return `/etc/docker/certs.d/${host}`;
}
