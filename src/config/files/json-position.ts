/** Where a JSON text stops being JSON. `line` and `column` count from 1. */
export interface JsonErrorPosition {
  readonly line: number;
  readonly column: number;
  /** What was expected there; never quotes the text. */
  readonly rule: string;
}

type Expected = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'separator' | 'end';

const SPACE = /[ \t\r\n]*/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

const RULES: Readonly<Record<Expected, string>> = {
  value: 'expected a value',
  'first value': 'expected a value or "]"',
  key: 'expected a key in double quotes after the comma',
  'first key': 'expected a key in double quotes or "}"',
  colon: 'expected ":" after the key',
  separator: 'expected "," or the end of the list or object',
  end: 'expected nothing more after the closing brace',
};

/**
 * Finds the first fault of a text that JSON.parse refused (RFC 8259). V8's own message gives no
 * position for most faults and quotes the text, which may hold secrets.
 */
export function locateJsonError(text: string): JsonErrorPosition {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = skip(SPACE, text, 0);
  while (at < text.length) {
    const step = advance(text, at, expected, open);
    if (step === undefined) return fault(text, at, ruleFor(text, at, expected));
    expected = step.expected;
    at = skip(SPACE, text, step.at);
  }
  return fault(text, text.length, 'the text ends too early');
}

interface Step {
  readonly at: number;
  readonly expected: Expected;
}

/** One token further, or undefined where it is not the expected one. Updates `open`. */
function advance(
  text: string,
  at: number,
  expected: Expected,
  open: ('{' | '[')[],
): Step | undefined {
  const char = text[at];
  switch (expected) {
    case 'end':
      return undefined;
    case 'colon':
      return char === ':' ? { at: at + 1, expected: 'value' } : undefined;
    case 'key':
    case 'first key': {
      if (char === '}' && expected === 'first key') return close(at, open);
      const end = skip(STRING, text, at);
      return end > at ? { at: end, expected: 'colon' } : undefined;
    }
    case 'separator': {
      const inObject = open.at(-1) === '{';
      if (char === ',') return { at: at + 1, expected: inObject ? 'key' : 'value' };
      return char === (inObject ? '}' : ']') ? close(at, open) : undefined;
    }
    case 'value':
    case 'first value':
      if (char === ']' && expected === 'first value') return close(at, open);
      return value(text, at, open);
    default:
      return expected satisfies never;
  }
}

function value(text: string, at: number, open: ('{' | '[')[]): Step | undefined {
  const char = text[at];
  if (char === '{' || char === '[') {
    open.push(char);
    return { at: at + 1, expected: char === '{' ? 'first key' : 'first value' };
  }
  const end = skip(char === '"' ? STRING : SCALAR, text, at);
  return end > at ? { at: end, expected: afterValue(open) } : undefined;
}

function close(at: number, open: ('{' | '[')[]): Step {
  open.pop();
  return { at: at + 1, expected: afterValue(open) };
}

function afterValue(open: readonly ('{' | '[')[]): Expected {
  return open.length === 0 ? 'end' : 'separator';
}

/** Index behind the match at `at`, or `at` itself where there is none. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function ruleFor(text: string, at: number, expected: Expected): string {
  if (expected === 'key' && text[at] === '}') return 'a comma stands before "}"';
  if (expected === 'value' && text[at] === ']') return 'a comma stands before "]"';
  if (text[at] === '"' && expected !== 'separator' && expected !== 'colon' && expected !== 'end') {
    return 'the text in quotes has no end, or holds a bad escape or a line break';
  }
  return RULES[expected];
}

function fault(text: string, at: number, rule: string): JsonErrorPosition {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineStart + 1, rule };
}
