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

/** The color codes that `Style` writes; they are harmless in a remote text. */
const OWN_COLOUR = /\u001b\[(?:0|1|2|22|31|32|33|34|36|39)m/u;

/**
 * Makes text safe for a terminal: keeps line breaks, tabs and, if `colours` is set, regctl's own
 * colors; every other control character (of a remote tag, label or message) becomes visible.
 */
export function safeText(text: string, colours: boolean): string {
  const kept = new RegExp(colours ? `(${OWN_COLOUR.source}|[\\n\\t])` : '([\\n\\t])', 'u');
  return text
    .split(kept)
    .map((part, index) => (index % 2 === 1 ? part : sanitize(part)))
    .join('');
}

/** What JSON.stringify does not escape and a terminal obeys: DEL, C1, bidirectional controls. */
const RAW_IN_JSON = /[\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;

/** Escapes the characters of a JSON text that a terminal obeys; the value stays the same. */
export function safeJson(json: string): string {
  return json.replace(
    RAW_IN_JSON,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
