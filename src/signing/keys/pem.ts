/** A block of a PEM file (RFC 7468). */
export interface PemBlock {
  /** "PUBLIC KEY" */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** The block as written, with plain line ends. */
  readonly text: string;
}

/** The first block; text before it is allowed. `undefined` if there is none. */
export function firstPemBlock(text: string): PemBlock | undefined {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([^-]*)-----END \1-----/u.exec(text);
  const [block, label, body] = found ?? [];
  if (block === undefined || label === undefined || body === undefined) return undefined;
  const digits = body.replaceAll(/\s/gu, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/u.test(digits)) return undefined;
  return { label, bytes: Buffer.from(digits, 'base64'), text: block.replaceAll('\r\n', '\n') };
}

/** 64 characters a line, as Go and OpenSSL write it. */
export function writePemBlock(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/gu) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
