// Zero-width: combining marks, joiners, variation selectors.
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

// East Asian wide and fullwidth blocks and emoji (Unicode UAX #11), approximate by design.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Width of text on a terminal in columns. The text must not contain escape sequences. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += widthOf(char);
  return width;
}

function widthOf(char: string): number {
  if (ZERO_WIDTH.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Truncates to at most `columns`; truncated text ends in an ellipsis. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns <= 0) return '';
  let out = '';
  let width = 0;
  for (const char of text) {
    width += widthOf(char);
    if (width > columns - 1) break;
    out += char;
  }
  return `${out}…`;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text;
}

/**
 * Wraps text to lines of at most `columns`, the first one of at most `first`. Breaks at spaces, and
 * longer words after a slash or at the end of the line.
 */
export function wrap(text: string, columns: number, first = columns): readonly string[] {
  const lines: string[] = [];
  const fits = (line: string): boolean =>
    displayWidth(line) <= Math.max(1, lines.length === 0 ? first : columns);
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (!fits(line)) {
      const cut = cutOf(line, fits);
      lines.push(line.slice(0, cut));
      line = line.slice(cut);
    }
  }
  return [...lines, line];
}

/** Where to cut a word that does not fit. */
function cutOf(word: string, fits: (line: string) => boolean): number {
  let end = 0;
  for (const char of word) {
    if (end > 0 && !fits(word.slice(0, end + char.length))) break;
    end += char.length;
  }
  const slash = word.lastIndexOf('/', end - 1) + 1;
  return slash > 1 ? slash : end;
}
