import { timedOut } from '../error-codes.ts';
import type { Socket } from 'node:net';

const HANDSHAKE = 22;
const ALERT = 21;

/**
 * Whether the server of a new connection uses TLS: sends a ClientHello and checks the first byte of
 * the answer. The handshake is not completed, so that a registry with plain HTTP does not require
 * certificates and ciphers to be loaded. An alert is TLS's way to refuse; another answer, or a
 * closed connection, means that the server does not use TLS. Destroys the socket.
 * @throws Error ETIMEDOUT if no answer comes
 */
export function answersTls(
  socket: Socket,
  name: string | undefined,
  timeoutMs: number,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      socket.destroy();
      action();
    };
    const onData = ([first]: Uint8Array): void =>
      settle(() => resolve(first === HANDSHAKE || first === ALERT));
    const onEnd = (): void => settle(() => resolve(false));
    const timer = setTimeout(() => {
      settle(() => reject(timedOut()));
    }, timeoutMs);
    socket.on('error', () => undefined);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd);
    socket.write(clientHello(name));
  });
}

/** Prefixes items with their length, in `bytes` bytes (RFC 8446 section 4.1.2). */
const list = (bytes: number, ...items: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(items);
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.byteLength, 0, bytes);
  return Buffer.concat([length, content]);
};

const words = (...values: readonly number[]): Uint8Array =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));

const extension = (type: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([words(type), list(2, content)]);

const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;

/** AES-GCM and ChaCha20 of TLS 1.3 and, with ECDHE, of 1.2; RSA for older versions. */
const CIPHERS = [
  0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
  0x002f, 0x0035,
];
/** ECDSA, RSA-PSS and RSA with SHA-256 to SHA-512. */
const SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
/** x25519, P-256, P-384. */
const GROUPS = [0x001d, 0x0017, 0x0018];

/** Without a key: a TLS 1.3 server asks for one (RFC 8446 section 4.2.8), which is an answer. */
export function clientHello(name: string | undefined): Uint8Array {
  const extensions = [
    extension(10, list(2, words(...GROUPS))),
    extension(11, list(1, Buffer.of(0))),
    extension(13, list(2, words(...SIGNATURES))),
    extension(43, list(1, words(TLS_1_3, TLS_1_2))),
    extension(51, list(2)),
  ];
  if (name !== undefined) {
    // RFC 6066 section 3: type 0 is a host name.
    const entry = Buffer.concat([Buffer.of(0), list(2, Buffer.from(name))]);
    extensions.unshift(extension(0, list(2, entry)));
  }
  const hello = Buffer.concat([
    words(TLS_1_2),
    // The handshake ends here, so this need not be random.
    Buffer.alloc(32, 'regctl'),
    list(1),
    list(2, words(...CIPHERS)),
    list(1, Buffer.of(0)),
    list(2, ...extensions),
  ]);
  const message = Buffer.concat([Buffer.of(1), list(3, hello)]);
  return Buffer.concat([Buffer.of(HANDSHAKE), words(0x0301), list(2, message)]);
}
