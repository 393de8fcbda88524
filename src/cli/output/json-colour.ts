import type { Style } from '../../commands/result.ts';

const TOKEN =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/gu;

/** Colors keys, strings, numbers and keywords of JSON text; the identity for a plain style. */
export function colourJson(json: string, style: Style): string {
  return json.replace(
    TOKEN,
    (whole, quoted?: string, colon?: string, word?: string, number?: string) => {
      if (quoted !== undefined) {
        return colon === undefined ? style.green(quoted) : `${style.cyan(quoted)}${colon}`;
      }
      if (word !== undefined) return style.yellow(word);
      return number === undefined ? whole : style.blue(number);
    },
  );
}
