import type { PeerCertificate, TLSSocket } from 'node:tls';
import { sanitize } from '../errors/sanitize.ts';

/** What a server's certificate says of itself; free of control characters. */
export interface CertificateFacts {
  /** "CN=registry.corp, O=Corp" */
  readonly subject: string;
  readonly issuer: string;
  /** Issuer of the last certificate that was sent: the authority that is not known. */
  readonly authority: string;
  readonly selfSigned: boolean;
  /** ISO 8601, to the second. */
  readonly validFrom: string;
  readonly validTo: string;
  /** DNS names and addresses it is for. */
  readonly names: readonly string[];
  /** SHA-256, "AB:CD:…". */
  readonly fingerprint: string;
}

const MAX_TEXT = 120;
const MAX_NAMES = 20;
const MAX_CHAIN = 10;

/** Facts of the certificate that a server showed; undefined when it showed none. */
export function certificateFacts(socket: TLSSocket): CertificateFacts | undefined {
  const leaf = socket.getPeerCertificate(true) as Chained | undefined;
  if (leaf === undefined || Object.keys(leaf).length === 0) return undefined;
  let last = leaf;
  for (let i = 0; i < MAX_CHAIN; i += 1) {
    const above: Chained | undefined = last.issuerCertificate;
    if (above === undefined || above.fingerprint256 === last.fingerprint256) break;
    last = above;
  }
  const [subject, issuer] = [nameOf(leaf.subject), nameOf(leaf.issuer)];
  return {
    subject,
    issuer,
    authority: nameOf(last.issuer),
    selfSigned: subject === issuer,
    validFrom: dateOf(leaf.valid_from),
    validTo: dateOf(leaf.valid_to),
    names: namesOf(leaf),
    fingerprint: leaf.fingerprint256,
  };
}

type Chained = PeerCertificate & { readonly issuerCertificate?: Chained };

/** The parts that people know a certificate by. */
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
