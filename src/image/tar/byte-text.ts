/**
 * Names in a tar are bytes without a declared encoding. They are kept as strings with one character
 * per byte (latin1), so that names that are not UTF-8 survive, and compare by byte value.
 */
export type ByteText = string;

const ASCII = /^[\x00-\x7f]*$/u;

export function byteText(text: string): ByteText {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** As UTF-8; bytes that are not become U+FFFD. */
export function readable(bytes: ByteText): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Whether the text can be read back from its readable form. */
export function isUtf8(bytes: ByteText): boolean {
  return ASCII.test(bytes) || byteText(readable(bytes)) === bytes;
}

/** One line for people: bytes that are not UTF-8 as `\xNN`. */
export function displayed(bytes: ByteText): string {
  if (isUtf8(bytes)) return readable(bytes);
  return bytes.replace(/[\x80-\xff]+/gu, (run) =>
    isUtf8(run)
      ? readable(run)
      : Array.from(run, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`).join(''),
  );
}

export function base64Of(bytes: ByteText): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

/** A copy that does not keep the longer text alive that it was cut from. */
export function ownText(bytes: ByteText): ByteText {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}
