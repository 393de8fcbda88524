/** Where a JSON text stops being JSON. `line` and `column` count from 1. */
export interface JsonErrorPosition {
  readonly line: number;
  readonly column: number;
  /** What is wrong there; never quotes the text. */
  readonly rule: string;
}

/** V8's messages that name a position; the others quote the text, which may hold secrets. */
const POSITIONED = /^([^"]*?)(?: in JSON)? at position (\d+)/u;

/** Finds the first fault of a text that JSON.parse refused. */
export function locateJsonError(text: string): JsonErrorPosition {
  const fault = faultOf(text);
  const at = fault?.at ?? readableLength(text);
  const before = text.slice(0, at);
  return {
    line: before.split('\n').length,
    column: at - before.lastIndexOf('\n'),
    rule: at === text.length ? 'the text ends too early' : (fault?.rule ?? 'expected a value'),
  };
}

interface Fault {
  /** Undefined where V8 does not say. */
  readonly at?: number;
  readonly rule?: string;
}

/** Undefined: the text is JSON. */
function faultOf(text: string): Fault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { message } = error as SyntaxError;
    if (message.startsWith('Unexpected end')) return { at: text.length };
    const [, rule = '', at] = POSITIONED.exec(message) ?? [];
    if (at === undefined) return {};
    return { at: Number(at), rule: rule.charAt(0).toLowerCase() + rule.slice(1) };
  }
}

/** Characters in front of the first fault: a text that stops before it only ends too early. */
function readableLength(text: string): number {
  let [least, most] = [0, text.length];
  while (least < most) {
    const length = Math.ceil((least + most) / 2);
    const fault = faultOf(text.slice(0, length));
    if (fault === undefined || fault.at === length) least = length;
    else most = length - 1;
  }
  return least;
}
