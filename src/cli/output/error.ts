import { AppError, registryErrorOf } from '../../errors/app-error.ts';
import { EXIT_STATUS } from '../../errors/codes.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Style } from '../../commands/result.ts';

/** An error as printed in text and JSON. */
export interface ErrorReport {
  readonly code: string;
  /** The title: one line. */
  readonly message: string;
  /** The invalid text and a caret, on two lines. */
  readonly excerpt: string | undefined;
  /** Facts that the message lacks, joined by "; ". */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly exit: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Only for a bug. */
  readonly stack: string | undefined;
}

export function reportError(error: unknown): ErrorReport {
  if (error instanceof AppError) {
    return {
      code: error.code,
      message: error.message,
      excerpt: error.excerpt,
      reason: reasonOf(error),
      hint: error.hint,
      exit: error.exitStatus,
      details: detailsOf(error),
      stack: undefined,
    };
  }
  const bug = error instanceof Error ? error : new Error(String(error));
  return {
    code: 'INTERNAL',
    message: bug.message === '' ? bug.name : bug.message,
    excerpt: undefined,
    reason: undefined,
    hint: 'This is a bug in regctl. Please report it, with the lines above.',
    exit: EXIT_STATUS.INTERNAL,
    details: undefined,
    stack: bug.stack,
  };
}

/** Adds the fields of a registry's error, so that scripts need not parse text. */
function detailsOf(error: AppError): ErrorReport['details'] {
  const refusal = registryErrorOf(error);
  if (refusal === undefined) return error.details;
  const { status, method, url, errors, credentials, attempts } = refusal;
  return { status, method, url, errors, credentials, attempts, ...error.details };
}

/** Characters per line: enough for any real message, but a registry cannot flood a terminal. */
const MAX_LINE = 1000;

/** Renders title, why and hint on at most three lines; for a bug, also the stack. */
export function errorText(report: ErrorReport, style: Style): string {
  const { message, excerpt, reason, hint, stack } = report;
  const lines = [`${style.red('error:')} ${line(message)}`];
  if (excerpt !== undefined) {
    // The hint follows the caret on the same line.
    const [name = '', caret = ''] = excerpt.split('\n').map(line);
    lines.push(name, [caret, ...(hint === undefined ? [] : [line(hint)])].join(' '));
    return `${lines.join('\n')}\n`;
  }
  if (reason !== undefined) lines.push(`  ${style.dim('why:')} ${line(reason)}`);
  if (stack !== undefined) {
    lines.push(...stack.split('\n').slice(1).map(line), line(hint ?? ''));
  } else if (hint !== undefined) {
    lines.push(`  ${style.dim('hint:')} ${line(hint)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The JSON value for `-o json`. */
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

/** The facts of the error and its causes without duplicates or those in the title. */
function reasonOf(error: AppError): string | undefined {
  let known = error.message.toLowerCase();
  const facts: string[] = [];
  for (const fact of chain(error).flatMap((one) => factsOf(one, error))) {
    const text = fact.replace(/\s*\n\s*/gu, ' ').trim();
    if (text === '' || known.includes(text.toLowerCase())) continue;
    known += `\n${text.toLowerCase()}`;
    facts.push(text);
  }
  return facts.length === 0 ? undefined : facts.join('; ');
}

function factsOf(one: unknown, error: AppError): readonly string[] {
  if (one === error) return error.why;
  if (one instanceof AppError) return [one.message, ...one.why];
  // The title already describes errors of sockets, TLS and files; --debug shows the originals.
  return errorCodeOf(one) === undefined ? [messageOf(one)] : [];
}

/** Renders each cause as thrown, for `--debug`. */
export function causeLines(error: unknown): readonly string[] {
  return chain(error)
    .slice(1)
    .map((one) => {
      const code = errorCodeOf(one);
      return line(`cause: ${messageOf(one)}${code === undefined ? '' : ` (${code})`}`);
    });
}

/** Limit for cyclic causes, which must not hang the error report. */
const MAX_CAUSES = 10;

function chain(error: unknown): readonly unknown[] {
  const found: unknown[] = [];
  let one: unknown = error;
  while (one !== undefined && one !== null && found.length < MAX_CAUSES) {
    found.push(one);
    one = one instanceof Error ? one.cause : undefined;
  }
  return found;
}

/** The code of a foreign error: of a system call, a parser or OpenSSL. */
function errorCodeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) return errorCodeOf(error.errors[0]);
  const isOwn = error instanceof AppError || !(error instanceof Error) || !('code' in error);
  return isOwn || typeof error.code !== 'string' ? undefined : error.code;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(messageOf))].join(', ');
  }
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return typeof error === 'string' ? error : '';
}
