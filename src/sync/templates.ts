import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import {
  goText,
  isTrue,
  TEMPLATE_FUNCTIONS,
  TemplateObject,
  type TemplateFunction,
} from '../util/template/functions.ts';
import { compileTemplate } from '../util/template/render.ts';
import { formatGoTime, parseGoTime } from './go-time.ts';

/** What the templates of a sync file may access. */
export interface TemplateMachine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file names start here. */
  readonly cwd: string;
  now(): Date;
}

export type Expand = (template: string, data: unknown) => string;

/** @throws AppError USAGE */
function reject(text: string): never {
  throw new AppError('USAGE', `template: ${text}`);
}

/** Declares a function of text arguments; `types` allows lists. */
function typed(
  name: string,
  types: readonly ('text' | 'list')[],
  run: (...args: never[]) => unknown,
): TemplateFunction {
  return (...args) => {
    if (args.length !== types.length) reject(`${name} takes ${types.length} values`);
    for (const [i, type] of types.entries()) {
      const fits = type === 'list' ? Array.isArray(args[i]) : typeof args[i] === 'string';
      if (!fits) reject(`${name} wants a ${type}, not ${goText(args[i])}`);
    }
    return run(...(args as never[]));
  };
}

const toJson = (indent?: number): TemplateFunction => {
  return (value) => `${JSON.stringify(value ?? null, undefined, indent)}\n`;
};

/** Months print as names and compare as numbers. */
class Month extends TemplateObject {
  readonly #time: Date;

  constructor(time: Date) {
    super();
    this.#time = time;
  }

  override toText(): string {
    return formatGoTime(this.#time, 'January');
  }

  override valueOf(): number {
    return this.#time.getUTCMonth() + 1;
  }
}

/** Go's time.Time in UTC, with Go's method names. */
class GoTime extends TemplateObject {
  readonly #time: Date;
  readonly Year = (): number => this.#time.getUTCFullYear();
  readonly Month = (): Month => new Month(this.#time);
  readonly Day = (): number => this.#time.getUTCDate();
  readonly Hour = (): number => this.#time.getUTCHours();
  readonly Minute = (): number => this.#time.getUTCMinutes();
  readonly Second = (): number => this.#time.getUTCSeconds();
  readonly Unix = (): number => Math.floor(this.#time.getTime() / 1000);
  readonly UTC = (): GoTime => this;
  readonly Format = (layout: unknown): string => formatGoTime(this.#time, goText(layout));

  constructor(time: Date) {
    super();
    this.#time = time;
  }

  override toText(): string {
    return formatGoTime(this.#time, '2006-01-02 15:04:05 +0000 UTC');
  }
}

class TimeFunctions extends TemplateObject {
  readonly Now: () => GoTime;
  readonly Parse = (layout: unknown, text: unknown): GoTime => {
    const time = parseGoTime(goText(layout), goText(text));
    return new GoTime(time ?? reject(`"${goText(text)}" is no time like "${goText(layout)}"`));
  };

  constructor(now: () => Date) {
    super();
    this.Now = () => new GoTime(now());
  }

  override toText(): string {
    return 'time';
  }
}

/** The functions of regsync's templates (regclient pkg/template), and Go's own. */
function templateFunctions(machine: TemplateMachine): Map<string, TemplateFunction> {
  const { env, cwd } = machine;
  const readText = (name: string): string => {
    try {
      return readFileSync(resolve(cwd, name), 'utf8').trim();
    } catch {
      return '';
    }
  };
  const compared = ['lt', 'le', 'gt', 'ge'].map((name): [string, TemplateFunction] => [
    name,
    (one, other) =>
      typeof one === typeof other
        ? TEMPLATE_FUNCTIONS.get(name)?.(one, other)
        : reject(`${name} compares ${goText(one)} with ${goText(other)}`),
  ]);
  const dockers: readonly string[] = ['title', 'truncate'];
  return new Map<string, TemplateFunction>([
    ...[...TEMPLATE_FUNCTIONS].filter(([name]) => !dockers.includes(name)),
    ...compared,
    ['env', typed('env', ['text'], (name: string) => env[name] ?? '')],
    ['file', typed('file', ['text'], readText)],
    ['join', typed('join', ['list', 'text'], (all: string[], by: string) => all.join(by))],
    ['split', typed('split', ['text', 'text'], (text: string, by: string) => text.split(by))],
    ['upper', typed('upper', ['text'], (text: string) => text.toUpperCase())],
    ['lower', typed('lower', ['text'], (text: string) => text.toLowerCase())],
    ['trimSpace', typed('trimSpace', ['text'], (text: string) => text.trim())],
    ['default', (fallback, value) => (isTrue(value) ? value : fallback)],
    ['json', toJson()],
    ['jsonPretty', toJson(2)],
    ['time', () => new TimeFunctions(() => machine.now())],
  ]);
}

/** Creates a function that expands Go templates as regsync does. It throws AppError USAGE. */
export function createExpand(machine: TemplateMachine): Expand {
  const functions = templateFunctions(machine);
  return (template, data) =>
    template.includes('{{')
      ? compileTemplate(template, { functions, escapes: false }).render(data)
      : template;
}
