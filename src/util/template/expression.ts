import { AppError } from '../../errors/app-error.ts';

/** A value inside an action. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  /** `.A.B` of the dot, `$.A` of the root (variable ""), `$x.A` of a variable, `(…).A` of a value. */
  | {
      readonly kind: 'path';
      readonly from: 'dot' | { readonly variable: string } | Expression;
      readonly names: readonly string[];
      /** Arguments of a method. */
      readonly args?: readonly Expression[];
    }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

export function templateError(message: string): AppError {
  return new AppError('USAGE', `invalid template: ${message}`, {
    hint: "Templates are Go's, for example '{{.Digest}}' or '{{range .Tags}}{{println .}}{{end}}'.",
  });
}

/** The inside of an action: `.A`, `json .A`, `.A | len`, `eq (len .A) 2`. @throws AppError USAGE */
export function parseExpression(source: string): Expression {
  const queue = tokens(source);
  const expression = pipeline(queue, source.trim());
  if (expression.kind === 'literal' && expression.value === null)
    throw templateError('nil is not a command');
  if (queue.length > 0)
    throw templateError(`unexpected "${queue[0]?.text ?? ''}" in {{${source}}}`);
  return expression;
}

type TokenKind = 'string' | 'raw' | 'char' | 'number' | 'path' | 'word' | 'sign';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Whether whitespace precedes it. */
  readonly afterSpace: boolean;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['string', /^"(?:[^"\\]|\\.)*"/u],
  ['raw', /^`[^`]*`/u],
  ['char', /^'(?:[^'\\]|\\.)'/u],
  ['number', /^[+-]?(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/u],
  ['path', /^(?:\$\w*)?(?:\.[\p{L}_][\p{L}\p{N}_]*)+|^\$\w*|^\./u],
  ['word', /^[\p{L}_]\w*/u],
  ['sign', /^[()|]/u],
];

/** Limit for one action, and so for the depth of its brackets. */
const MAX_TOKENS = 1000;

function tokens(source: string): Token[] {
  const found: Token[] = [];
  let rest = source;
  for (;;) {
    const trimmed = rest.trimStart();
    if (trimmed === '') return found;
    const hit = PATTERNS.map(([kind, pattern]) => ({
      kind,
      text: pattern.exec(trimmed)?.[0],
    })).find(({ text }) => text !== undefined);
    if (hit?.text === undefined) {
      throw templateError(`cannot read "${trimmed}" in {{${source.trim()}}}`);
    }
    if (found.length >= MAX_TOKENS) throw templateError('an action is too long');
    found.push({ kind: hit.kind, text: hit.text, afterSpace: trimmed.length < rest.length });
    rest = trimmed.slice(hit.text.length);
  }
}

/** Each stage's value becomes the last argument of the next. */
function pipeline(queue: Token[], source: string): Expression {
  let value = stage(queue, source);
  while (queue[0]?.text === '|' && queue[0].kind === 'sign') {
    queue.shift();
    const next = stage(queue, source);
    if (next.kind === 'literal' || (next.kind === 'path' && next.names.length === 0))
      throw templateError(`what follows "|" in {{${source}}} is no function`);
    value = { ...next, args: [...(next.args ?? []), value] };
  }
  return value;
}

function stage(queue: Token[], source: string): Expression {
  const first = operand(queue, source);
  if (!takesArguments(first)) return first;
  const args: Expression[] = [];
  while (queue.length > 0 && !(queue[0]?.kind === 'sign' && queue[0].text !== '(')) {
    args.push(operand(queue, source));
  }
  return { ...first, args };
}

/** A function, or a method of a function's result or a variable's value. */
function takesArguments(
  expression: Expression,
): expression is Exclude<Expression, { readonly kind: 'literal' }> {
  if (expression.kind !== 'path') return expression.kind === 'call';
  const { from, names } = expression;
  return names.length > 0 && typeof from === 'object';
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

function operand(queue: Token[], source: string): Expression {
  const token = queue.shift();
  if (token === undefined) throw templateError(`a value is missing in {{${source}}}`);
  switch (token.kind) {
    case 'string':
      return { kind: 'literal', value: unquote(token.text) };
    case 'raw':
      return { kind: 'literal', value: token.text.slice(1, -1) };
    case 'number':
      return { kind: 'literal', value: Number(token.text.replaceAll('_', '')) };
    case 'char':
      return { kind: 'literal', value: unquote(`"${token.text.slice(1, -1)}"`).codePointAt(0) };
    case 'path':
      return path(token.text);
    case 'word': {
      if (WORDS.has(token.text)) return { kind: 'literal', value: WORDS.get(token.text) };
      const call = { kind: 'call', name: token.text, args: [] } as const;
      const names = gluedNames(queue);
      return names.length === 0 ? call : { kind: 'path', from: call, names };
    }
    case 'sign':
      return bracket(token, queue, source);
  }
}

function bracket(open: Token, queue: Token[], source: string): Expression {
  if (open.text !== '(') throw templateError(`unexpected "${open.text}" in {{${source}}}`);
  const inner = pipeline(queue, source);
  if (queue.shift()?.text !== ')') throw templateError(`a ")" is missing in {{${source}}}`);
  // Wrapped even without fields: a bracketed call takes no further arguments.
  return { kind: 'path', from: inner, names: gluedNames(queue) };
}

/** `.A.B` with no space before it. */
function gluedNames(queue: Token[]): readonly string[] {
  const [next] = queue;
  const glued = next?.kind === 'path' && !next.afterSpace && next.text.startsWith('.');
  return glued ? (queue.shift()?.text ?? '').split('.').filter((name) => name !== '') : [];
}

function path(text: string): Expression {
  const [root = '', ...names] = text.split('.');
  const from = root.startsWith('$') ? { variable: root.slice(1) } : 'dot';
  return { kind: 'path', from, names: names.filter((name) => name !== '') };
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw templateError(`cannot read the string ${text}`);
  }
}
