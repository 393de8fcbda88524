import { parseExpression, templateError, type Expression } from './expression.ts';

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'jump'; readonly how: 'break' | 'continue' }
  /** `{{block "name" value}}`; nothing else can refer to its name. */
  | { readonly kind: 'block'; readonly value: Expression; readonly body: readonly TemplateNode[] }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'if' | 'with' | 'range';
      /** Variable names of a range's `$i, $e :=`, or of any `$x :=`. */
      readonly names: readonly string[];
      readonly value: Expression;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };

type TemplatePiece = { readonly text: string } | { readonly action: string };

/** Parses the part of Go's text/template that command lines use. @throws AppError USAGE */
export function parseTemplate(source: string, escapes = true): readonly TemplateNode[] {
  const parser = new NodeParser(splitActions(source, escapes));
  return parser.all();
}

/** Reads `\n` and `\t` from single-quoted shell words, as Docker and podman do. */
function unescape(text: string): string {
  return text.replace(/\\([nt\\])/gu, (_whole, char: string) =>
    char === 'n' ? '\n' : char === 't' ? '\t' : '\\',
  );
}

/** Cuts at `{{…}}`; `{{-` and `-}}` trim the text next to them. */
function splitActions(source: string, escapes: boolean): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  const action = /\{\{(-\s)?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)(\s-)?\}\}/gu;
  let at = 0;
  let trimNext = false;
  const text = (end: number, trimEnd: boolean): void => {
    let part = source.slice(at, end);
    if (part.includes('{{')) throw templateError('an action is not closed with }}');
    if (trimNext) part = part.trimStart();
    if (trimEnd) part = part.trimEnd();
    if (part !== '') pieces.push({ text: escapes ? unescape(part) : part });
  };
  for (const match of source.matchAll(action)) {
    text(match.index, match[1] !== undefined);
    const inner = match[2] ?? '';
    if (/^\s+\/\*/u.test(inner)) throw templateError('a comment follows {{ without a space');
    pieces.push({ action: inner.trim() });
    trimNext = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  text(source.length, false);
  return pieces;
}

/** Limit for nested blocks, and for chains of `else if`. */
const MAX_DEPTH = 100;

class NodeParser {
  readonly #pieces: readonly TemplatePiece[];
  #at = 0;
  #depth = 0;
  #ranges = 0;

  constructor(pieces: readonly TemplatePiece[]) {
    this.#pieces = pieces;
  }

  all(): readonly TemplateNode[] {
    const { nodes, end } = this.#until();
    if (end !== undefined) throw templateError(`unexpected {{${end}}}`);
    return nodes;
  }

  /** Parses nodes up to `{{end}}` or `{{else…}}`, and returns that too. */
  #until(): { nodes: readonly TemplateNode[]; end: string | undefined } {
    const nodes: TemplateNode[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at];
      this.#at += 1;
      if (piece === undefined) break;
      if ('text' in piece) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const { action } = piece;
      if (action === 'end' || /^else\b/u.test(action)) return { nodes, end: action };
      const node = this.#action(action);
      if (node !== undefined) nodes.push(node);
    }
    return { nodes, end: undefined };
  }

  #action(action: string): TemplateNode | undefined {
    if (/^\/\*[\s\S]*\*\/$/u.test(action)) return undefined;
    if (action === 'break' || action === 'continue') {
      if (this.#ranges === 0) throw templateError(`{{${action}}} stands outside of a range`);
      return { kind: 'jump', how: action };
    }
    const [, named] = /^block\s+(?:"[^"]*"|`[^`]*`)([\s\S]+)$/u.exec(action) ?? [];
    if (named !== undefined) return this.#named(named);
    const [, keyword, rest = ''] = /^(if|with|range)\b([\s\S]*)$/u.exec(action) ?? [];
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') {
      return this.#block(keyword, rest);
    }
    const [, name, value] = /^\$(\w+)\s*:?=([\s\S]*)$/u.exec(action) ?? [];
    if (name !== undefined && value !== undefined) {
      return { kind: 'assign', name, value: parseExpression(value) };
    }
    return { kind: 'print', value: parseExpression(action) };
  }

  #named(head: string): TemplateNode {
    const value = parseExpression(head);
    const { nodes, end } = this.#until();
    if (end !== 'end') throw templateError('{{block}} is not closed with {{end}}');
    return { kind: 'block', value, body: nodes };
  }

  #block(kind: 'if' | 'with' | 'range', head: string): TemplateNode {
    if (this.#depth >= MAX_DEPTH)
      throw templateError(`it is nested deeper than ${MAX_DEPTH} levels`);
    this.#depth += 1;
    const node = this.#blockInside(kind, head);
    this.#depth -= 1;
    return node;
  }

  #blockInside(kind: 'if' | 'with' | 'range', head: string): TemplateNode {
    const declared = /^\s*\$(\w+)\s*(?:,\s*\$(\w+)\s*)?:=([\s\S]*)$/u.exec(head);
    const names = [declared?.[1], declared?.[2]].filter((name) => name !== undefined);
    const value = parseExpression(declared?.[3] ?? head);
    if (kind === 'range') this.#ranges += 1;
    const body = this.#until();
    if (kind === 'range') this.#ranges -= 1;
    if (body.end === undefined) throw templateError(`{{${kind}}} is not closed with {{end}}`);
    const node = { kind, names, value, body: body.nodes } as const;
    return { ...node, otherwise: body.end === 'end' ? [] : this.#otherwise(body.end) };
  }

  #otherwise(action: string): readonly TemplateNode[] {
    const [, kind, head = ''] = /^else\s+(if|with)\b([\s\S]*)$/u.exec(action) ?? [];
    if (kind === 'if' || kind === 'with') return [this.#block(kind, head)];
    if (action !== 'else') throw templateError(`unexpected {{${action}}}`);
    const { nodes, end } = this.#until();
    if (end !== 'end') throw templateError('{{else}} is not closed with {{end}}');
    return nodes;
  }
}
