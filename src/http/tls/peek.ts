import { timedOut } from '../error-codes.ts';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { certificateSummary, type CertificateSummary } from './certificate.ts';

/** The result of one handshake; `tls` is false if the server uses another protocol. */
export type TlsPeek =
  | { readonly tls: true; readonly certificate: CertificateSummary | undefined }
  | { readonly tls: false };

/**
 * Runs one TLS handshake without verification, and sends nothing over it. Only an answer in another
 * protocol, or a closed connection, means that the server does not use TLS.
 * @throws Error of the socket, if no connection is established
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

/** An alert is TLS's way to refuse, so it proves that the server uses TLS. */
function isTlsAlert(error: Error): boolean {
  return /alert/iu.test('code' in error ? `${String(error.code)} ${error.message}` : error.message);
}
