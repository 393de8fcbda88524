// C0, DEL, C1, and the bidirectional controls that can reorder what a terminal shows.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;

/** Makes a remote string safe for one line of a terminal: controls become `\xNN` or `\uNNNN`. */
export function sanitize(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
