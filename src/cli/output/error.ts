import { AppError, RegistryError } from '../../errors/app-error.ts';
import { EXIT_STATUS } from '../../errors/codes.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Style } from '../../commands/result.ts';

/** An error as it is printed, for people and for programs. */
export interface ErrorReport {
  readonly code: string;
  /** What failed, and where. */
  readonly message: string;
  /** Why: the causes, without what the message says already. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly exit: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Only for a bug: where it happened. */
  readonly stack: string | undefined;
}

export function reportError(error: unknown): ErrorReport {
  if (error instanceof AppError) {
    return {
      code: error.code,
      message: error.message,
      reason: reasonOf(error),
      hint: error.hint,
      exit: error.exitStatus,
      details: error.details,
      stack: undefined,
    };
  }
  const bug = error instanceof Error ? error : new Error(String(error));
  return {
    code: 'INTERNAL',
    message: bug.message === '' ? bug.name : bug.message,
    reason: undefined,
    hint: 'This is a bug in regctl. Please report it, with the lines above.',
    exit: EXIT_STATUS.INTERNAL,
    details: undefined,
    stack: bug.stack,
  };
}

/** Long enough for every honest message, short enough that a registry cannot flood a terminal. */
const MAX_LINE = 1000;

/** At most three lines: `error: …`, why, and what to do; a bug shows its stack as well. */
export function errorText(report: ErrorReport, style: Style): string {
  const [first = '', ...more] = report.message.split('\n').map(line);
  const lines = [`${style.red('error:')} ${first}`, ...more.map(indented)];
  // A name with a caret below it fills the lines, so the text follows the caret.
  const add = (label: string, text: string | undefined): void => {
    if (text === undefined) return;
    if (lines.length < MAX_LINES) lines.push(`  ${style.dim(label)} ${line(text)}`);
    else lines.push(joined(lines.pop() ?? '', line(text)));
  };
  add('why:', report.reason);
  if (report.stack === undefined) {
    add('hint:', report.hint);
  } else {
    lines.push(...report.stack.split('\n').slice(1).map(line), line(report.hint ?? ''));
  }
  return `${lines.join('\n')}\n`;
}

const MAX_LINES = 3;

function indented(text: string): string {
  return text.startsWith(' ') ? text : `  ${text}`;
}

function joined(front: string, behind: string): string {
  return `${front}${/[\^.!?:…]$/u.test(front) ? '' : '.'} ${behind}`;
}

/** The value of `-o json`. */
export function errorJson(report: ErrorReport): unknown {
  const { code, message, reason, hint, exit, details } = report;
  return {
    error: {
      code,
      message,
      ...(reason === undefined ? {} : { reason }),
      hint: hint ?? null,
      exit,
      ...(details === undefined ? {} : { details }),
    },
  };
}

function line(text: string): string {
  const safe = sanitize(text.trimEnd().replace(/\s*\n\s*/gu, ' '));
  return safe.length > MAX_LINE ? `${safe.slice(0, MAX_LINE)}…` : safe;
}

/** Every cause in order, each once, and the registry's own words where nothing repeats them. */
function reasonOf(error: AppError): string | undefined {
  let told = error.message.toLowerCase();
  const parts: string[] = [];
  const tell = (text: string): void => {
    const trimmed = text.trim();
    if (trimmed === '' || told.includes(trimmed.toLowerCase())) return;
    told += `\n${trimmed.toLowerCase()}`;
    parts.push(trimmed);
  };
  for (const one of chain(error)) {
    if (one !== error) tell(messageOf(one));
    if (one instanceof RegistryError) registryMessages(one, told).forEach(tell);
  }
  return parts.length === 0 ? undefined : parts.join(': ');
}

function registryMessages(error: RegistryError, told: string): readonly string[] {
  return error.errors
    .filter(({ code, message }) =>
      [code, message].some((word) => !told.includes(word.toLowerCase())),
    )
    .map(({ code, message }) => `${code}: ${message} (HTTP ${error.status})`);
}

/** A circle of causes must not hang the last thing a program says. */
const MAX_CAUSES = 10;

function chain(error: Error): readonly unknown[] {
  const found: unknown[] = [];
  let one: unknown = error;
  while (one !== undefined && one !== null && found.length < MAX_CAUSES) {
    found.push(one);
    one = one instanceof Error ? one.cause : undefined;
  }
  return found;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(messageOf))].join(', ');
  }
  if (!(error instanceof Error)) return typeof error === 'string' ? error : '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return error.message === '' ? code : error.message;
}
