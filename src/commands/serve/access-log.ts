import { sanitize } from '../../errors/sanitize.ts';
import { AppError } from '../../errors/app-error.ts';
import type { RequestEntry } from '../../server/api/dispatch.ts';
import type { Context } from '../context.ts';
import { readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import { causeText } from './files.ts';

export type AccessLog = (entry: RequestEntry) => void;

const FORMATS: Readonly<Record<string, (entry: RequestEntry, now: Date) => string>> = {
  text: lineOf,
  json: (entry, now) => JSON.stringify(recordOf(entry, now)),
};

/** One line on stderr for each request; a server failure is a warning. @throws AppError USAGE */
export function readAccessLog(
  context: Pick<Context, 'note' | 'warn' | 'now'>,
  input: Input,
): AccessLog {
  const name = readText(input, 'logFormat') ?? 'text';
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (format === undefined) {
    throw new AppError('USAGE', `--log-format takes text or json, not "${sanitize(name)}"`);
  }
  return (entry) => {
    const line = format(entry, context.now());
    // A prefix would break a line of JSON.
    if (entry.failure === undefined || name === 'json') context.note(line);
    else context.warn(line);
  };
}

/** "201 PUT /v2/app/manifests/v1 10.0.0.7 ann 12ms", and the cause of a failure. */
function lineOf({ status, method, url, remote, user, elapsed, failure }: RequestEntry): string {
  const who = `${remote ?? '-'} ${user === undefined ? '-' : sanitize(user)}`;
  const line = `${status} ${method} ${sanitize(url)} ${who} ${Math.round(elapsed)}ms`;
  return failure === undefined ? line : `${line}: ${causeText(failure)}`;
}

function recordOf({ failure, elapsed, ...entry }: RequestEntry, now: Date): object {
  return {
    time: now.toISOString(),
    ...entry,
    ms: Math.round(elapsed * 10) / 10,
    ...(failure === undefined ? {} : { error: causeText(failure) }),
  };
}
