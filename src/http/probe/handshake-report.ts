import { rootCertificates, type TLSSocket } from 'node:tls';
import { distinctCertificates, type TrustRoots } from '../../config/tls/roots.ts';
import type { HostPolicy } from '../../config/hosts/types.ts';
import { type CertificateLink, peerChain, toCertificateLink } from '../tls/certificate.ts';
import { tlsMappingOf } from '../tls/error.ts';

/** What a completed TLS handshake showed. */
export interface HandshakeReport {
  /** "TLSv1.3" */
  readonly protocol: string;
  readonly verified: boolean;
  /** The verification error if verification is disabled; completes "HOST: …". */
  readonly verificationError: string | undefined;
  /** The server's own certificate first; a verified chain ends with its root. */
  readonly chain: readonly CertificateLink[];
  /** The source of the last certificate's authority: a file, or "Node's own list". */
  readonly rootSource: string | undefined;
}

interface HandshakeTrust {
  readonly policy: Pick<HostPolicy, 'ca' | 'certificateFiles'>;
  readonly roots: TrustRoots;
}

export function handshakeReport(
  socket: TLSSocket,
  host: string,
  trust: HandshakeTrust,
): HandshakeReport {
  const chain = peerChain(socket);
  const root = chain.at(-1);
  const verified = socket.authorized;
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    verified,
    verificationError: verified ? undefined : faultOf(socket.authorizationError, host),
    chain: chain.map(toCertificateLink),
    rootSource: verified && root !== undefined ? sourceOf(root.raw, trust) : undefined,
  };
}

function faultOf(error: unknown, host: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : error;
  const row = tlsMappingOf(Object.assign(new Error('refused'), { code }), host);
  return row?.description ?? 'its certificate is not acceptable';
}

/** The host's own files come first, as they do in verification. */
function sourceOf(der: Buffer, { policy, roots }: HandshakeTrust): string | undefined {
  const wanted = der.toString('base64');
  const has = (pems: readonly string[]): boolean =>
    distinctCertificates(pems).some((pem) => bodyOf(pem) === wanted);
  if (has(policy.ca)) return policy.certificateFiles?.folder;
  if (!roots.exclusive && has(rootCertificates)) return "Node's own list";
  const file = roots.load().find(({ pem }) => has([pem]));
  return file === undefined ? undefined : `${file.path} (${file.origin})`;
}

function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/gu, '');
}
