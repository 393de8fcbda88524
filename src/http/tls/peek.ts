import { timedOut } from '../error-codes.ts';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { certificateSummary, type CertificateSummary } from './certificate.ts';

/** What one handshake showed; `tls` is false when the other end speaks something else. */
export type TlsPeek =
  | { readonly tls: true; readonly certificate: CertificateSummary | undefined }
  | { readonly tls: false };

/**
 * One TLS handshake that verifies nothing, over which nothing is sent. Only an answer in another
 * protocol, or a hang-up in place of one, means that no TLS is spoken.
 * @throws Error of the socket, when no connection came about
 */
export function peekTls(options: ConnectionOptions, timeoutMs: number): Promise<TlsPeek> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ ...options, rejectUnauthorized: false, ca: [] });
    let connected = options.socket !== undefined;
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      action();
    };
    const timer = setTimeout(() => {
      settle(() => reject(timedOut()));
    }, timeoutMs);
    socket.once('connect', () => {
      connected = true;
    });
    socket.once('secureConnect', () => {
      const certificate = certificateSummary(socket);
      settle(() => resolve({ tls: true, certificate }));
    });
    socket.once('error', (error) => {
      settle(() => {
        if (!connected) reject(error);
        else resolve(isTlsAlert(error) ? { tls: true, certificate: undefined } : { tls: false });
      });
    });
  });
}

/** An alert is TLS's own way to refuse; it proves that TLS is spoken. */
function isTlsAlert(error: Error): boolean {
  return /alert/iu.test('code' in error ? `${String(error.code)} ${error.message}` : error.message);
}
