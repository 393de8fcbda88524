import type { PeerCertificate, TLSSocket } from 'node:tls';
import { sanitize } from '../../errors/sanitize.ts';

/** A server certificate's data, without control characters. */
export interface CertificateSummary {
  /** "CN=registry.corp, O=Corp" */
  readonly subject: string;
  readonly issuer: string;
  /** Issuer of the last certificate that was sent: the unknown authority. */
  readonly authority: string;
  readonly selfSigned: boolean;
  /** ISO 8601, to the second. */
  readonly validFrom: string;
  readonly validTo: string;
  /** DNS names and addresses that it is valid for. */
  readonly names: readonly string[];
  /** SHA-256, "AB:CD:…". */
  readonly fingerprint: string;
}

const MAX_TEXT = 120;
const MAX_NAMES = 20;
const MAX_CHAIN = 10;

/** Summarizes a server's certificate; undefined if it sent none. */
export function certificateSummary(socket: TLSSocket): CertificateSummary | undefined {
  const chain = peerChain(socket);
  const [leaf] = chain;
  const last = chain.at(-1);
  if (leaf === undefined || last === undefined) return undefined;
  const link = toCertificateLink(leaf);
  return {
    ...link,
    authority: nameOf(last.issuer),
    selfSigned: link.subject === link.issuer,
    names: namesOf(leaf),
    fingerprint: leaf.fingerprint256,
  };
}

/** One certificate of a chain. */
export type CertificateLink = Pick<
  CertificateSummary,
  'subject' | 'issuer' | 'validFrom' | 'validTo'
>;

type Chained = PeerCertificate & { readonly issuerCertificate?: Chained };

/** The certificates of a connection, the server's own first; verified ones end with their root. */
export function peerChain(socket: TLSSocket): readonly PeerCertificate[] {
  let next = socket.getPeerCertificate(true) as Chained | undefined;
  const chain: Chained[] = [];
  while (next !== undefined && Object.keys(next).length > 0 && chain.length <= MAX_CHAIN) {
    if (next.fingerprint256 === chain.at(-1)?.fingerprint256) break;
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

export function toCertificateLink(certificate: PeerCertificate): CertificateLink {
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    validFrom: dateOf(certificate.valid_from),
    validTo: dateOf(certificate.valid_to),
  };
}

/** The parts of a name by which people know a certificate. */
function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const parts = (['CN', 'OU', 'O'] as const).flatMap((key) => {
    const value: unknown = name?.[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' && first !== '' ? [`${key}=${first}`] : [];
  });
  return parts.length === 0 ? '(no name)' : short(parts.join(', '));
}

function namesOf(leaf: PeerCertificate): readonly string[] {
  const listed = (leaf.subjectaltname ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/u.exec(entry)?.slice(1) ?? []);
  return listed.slice(0, MAX_NAMES).map(short);
}

function dateOf(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? short(text) : new Date(time).toISOString().replace('.000Z', 'Z');
}

function short(text: string): string {
  return sanitize(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}
