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

/** The colour codes that `Style` writes; a remote text can do no harm with these. */
const OWN_COLOUR = /\u001b\[(?:0|1|2|22|31|32|33|34|36|39)m/u;

/**
 * Text for a terminal: line breaks and tabs stay, our own colours too when `colours` is set, every
 * other control character (a remote tag, label or message) becomes visible.
 */
export function safeText(text: string, colours: boolean): string {
  const kept = new RegExp(colours ? `(${OWN_COLOUR.source}|[\\n\\t])` : '([\\n\\t])', 'u');
  return text
    .split(kept)
    .map((part, index) => (index % 2 === 1 ? part : sanitize(part)))
    .join('');
}

/** What JSON.stringify leaves as it is and a terminal obeys: DEL, C1 and bidirectional controls. */
const RAW_IN_JSON = /[\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;

/** The same JSON value, written without characters that a terminal obeys. */
export function safeJson(json: string): string {
  return json.replace(
    RAW_IN_JSON,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
