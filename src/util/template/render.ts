import type { Expression } from './expression.ts';
import { templateError } from './expression.ts';
import {
  goText,
  isTrue,
  TEMPLATE_FUNCTIONS,
  type TemplateFunction,
  TemplateObject,
} from './functions.ts';
import { parseTemplate, type TemplateNode } from './parse.ts';

export interface Template {
  /** Whether the template ranges over the value itself, so that it needs the whole list at once. */
  readonly takesList: boolean;
  /** @throws AppError USAGE for a field or function that does not exist */
  readonly render: (value: unknown) => string;
}

/**
 * The part of Go's text/template that command lines use: fields, pipelines, variables, `if`, `with`,
 * `range`, `else`, comparisons, and the functions of `TEMPLATE_FUNCTIONS`.
 * @throws AppError USAGE
 */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const { functions = TEMPLATE_FUNCTIONS, escapes = true } = options;
  const nodes = parseTemplate(source, escapes);
  for (const node of nodes) checkFunctions(node, functions);
  return {
    takesList: nodes.some((node) => node.kind === 'range' && isDot(node.value)),
    render: (value) =>
      renderAll(nodes, { dot: value, root: value, variables: new Map(), functions }),
  };
}

export interface TemplateOptions {
  /** Default: `TEMPLATE_FUNCTIONS`. */
  readonly functions?: ReadonlyMap<string, TemplateFunction> | undefined;
  /** Whether `\n` and `\t` in the text are a line feed and a tab. Default true. */
  readonly escapes?: boolean | undefined;
}

interface TemplateScope {
  readonly dot: unknown;
  readonly root: unknown;
  readonly variables: Map<string, unknown>;
  readonly functions: ReadonlyMap<string, TemplateFunction>;
}

/** Ends one iteration of a range, or the range. */
class Jump extends Error {
  readonly how: 'break' | 'continue';
  /** The output of the iteration so far. */
  text = '';

  constructor(how: 'break' | 'continue') {
    super(how);
    this.how = how;
  }
}

function renderAll(nodes: readonly TemplateNode[], scope: TemplateScope): string {
  let text = '';
  try {
    for (const node of nodes) text += renderNode(node, scope);
  } catch (error) {
    if (error instanceof Jump) error.text = text + error.text;
    throw error;
  }
  return text;
}

function renderNode(node: TemplateNode, scope: TemplateScope): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'print':
      return goText(evaluate(node.value, scope));
    case 'assign':
      scope.variables.set(node.name, evaluate(node.value, scope));
      return '';
    case 'jump':
      throw new Jump(node.how);
    case 'block': {
      const dot = evaluate(node.value, scope);
      return renderAll(node.body, { ...scope, dot, root: dot, variables: new Map() });
    }
    case 'if':
    case 'with':
      return renderConditional(node, scope);
    case 'range':
      return renderRange(node, scope);
  }
}

type Block = Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>;

function renderConditional(node: Block, scope: TemplateScope): string {
  const value = evaluate(node.value, scope);
  const inner = declare(scope, [[node.names[0], value]]);
  if (!isTrue(value)) return renderAll(node.otherwise, inner);
  return renderAll(node.body, node.kind === 'with' ? { ...inner, dot: value } : inner);
}

function renderRange(node: Block, scope: TemplateScope): string {
  const items = entriesOf(evaluate(node.value, scope));
  if (items.length === 0) return renderAll(node.otherwise, scope);
  const [first, second] = node.names;
  let text = '';
  for (const [key, item] of items) {
    const names: [string | undefined, unknown][] =
      second === undefined
        ? [[first, item]]
        : [
            [first, key],
            [second, item],
          ];
    try {
      text += renderAll(node.body, { ...declare(scope, names), dot: item });
    } catch (error) {
      if (!(error instanceof Jump)) throw error;
      text += error.text;
      if (error.how === 'break') break;
    }
  }
  return text;
}

function declare(
  scope: TemplateScope,
  names: readonly (readonly [string | undefined, unknown])[],
): TemplateScope {
  const variables = new Map(scope.variables);
  for (const [name, value] of names) if (name !== undefined) variables.set(name, value);
  return { ...scope, variables };
}

/** Lists by position, objects by sorted key, as Go ranges over maps. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value === 'object') {
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  throw templateError(`range over ${goText(value)}, which is no list`);
}

function evaluate(expression: Expression, scope: TemplateScope): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'call': {
      const run = scope.functions.get(expression.name);
      return run?.(...expression.args.map((arg) => evaluate(arg, scope)));
    }
    case 'path': {
      const args = (expression.args ?? []).map((arg) => evaluate(arg, scope));
      const last = expression.names.length - 1;
      return expression.names.reduce<unknown>(
        (value, name, i) => {
          const found = field(value, name, value === scope.root);
          if (typeof found !== 'function') return found;
          return (found as TemplateFunction).apply(value, i === last ? args : []);
        },
        startValue(expression.from, scope),
      );
    }
  }
}

function startValue(
  from: Extract<Expression, { kind: 'path' }>['from'],
  scope: TemplateScope,
): unknown {
  if (from === 'dot') return scope.dot;
  if ('kind' in from) return evaluate(from, scope);
  if (from.variable === '') return scope.root;
  if (!scope.variables.has(from.variable)) throw templateError(`no variable $${from.variable}`);
  return scope.variables.get(from.variable);
}

function field(value: unknown, name: string, atRoot: boolean): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw templateError(`no field "${name}" in ${Array.isArray(value) ? 'a list' : goText(value)}`);
  }
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  if (value instanceof TemplateObject && name in value) {
    return (value as unknown as Record<string, unknown>)[name];
  }
  const names = Object.keys(value);
  const spelled = spelledInJson(name, names);
  if (spelled !== undefined) return (value as Record<string, unknown>)[spelled];
  if (atRoot || value instanceof TemplateObject || isStruct(name, names)) {
    throw templateError(`no field "${name}"; there are: ${names.join(', ')}`);
  }
  return undefined;
}

const plain = (text: string): string => text.replaceAll('_', '').toLowerCase();

/** Go's structures have `ArtifactType` and `DiffIDs` for `artifactType` and `diff_ids` in JSON. */
function spelledInJson(name: string, names: readonly string[]): string | undefined {
  if (!/^\p{Lu}/u.test(name)) return undefined;
  const same = names.filter((one) => plain(one) === plain(name));
  return same.length === 1 ? same[0] : undefined;
}

/** Our own objects have capitalized fields; in labels and annotations a missing key is no error. */
function isStruct(name: string, names: readonly string[]): boolean {
  const capital = /^\p{Lu}/u;
  return names.length > 0 && [name, ...names].every((one) => capital.test(one));
}

function isDot(expression: Expression): boolean {
  if (expression.kind !== 'path' || expression.names.length > 0) return false;
  return (
    expression.from === 'dot' || (!('kind' in expression.from) && expression.from.variable === '')
  );
}

/** Finds a wrong function name before the command has done anything. */
function checkFunctions(node: TemplateNode, functions: ReadonlyMap<string, unknown>): void {
  if (node.kind === 'text' || node.kind === 'jump') return;
  checkExpression(node.value, functions);
  if (!('body' in node)) return;
  const inner = 'otherwise' in node ? [...node.body, ...node.otherwise] : node.body;
  for (const one of inner) checkFunctions(one, functions);
}

function checkExpression(expression: Expression, functions: ReadonlyMap<string, unknown>): void {
  if (
    expression.kind === 'path' &&
    typeof expression.from === 'object' &&
    'kind' in expression.from
  ) {
    checkExpression(expression.from, functions);
  }
  if (expression.kind !== 'literal') {
    for (const arg of expression.args ?? []) checkExpression(arg, functions);
  }
  if (expression.kind !== 'call') return;
  if (!functions.has(expression.name)) {
    const names = [...functions.keys()].join(', ');
    throw templateError(`no function "${expression.name}"; there are: ${names}`);
  }
}
