import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { type Problem, endOfUserInfo } from './grammar.ts';

/** Most characters of a name on one line of a message. */
const WIDTH = 72;

/**
 * Creates INVALID_REFERENCE: the message is the rule, the excerpt is the name with a caret below
 * the wrong part. User information in the name is hidden.
 */
export function invalidName(what: string, text: string, problem: Problem, hint?: string): AppError {
  const shown = hideUserInfo(text, problem.at);
  const message = `invalid ${what} "${sanitize(shorten(shown.text))}": ${problem.rule}`;
  const excerpt = text === '' ? undefined : pointer(shown.text, shown.at);
  return new AppError('INVALID_REFERENCE', message, { hint, excerpt });
}

function hideUserInfo(text: string, at: number): { text: string; at: number } {
  const end = endOfUserInfo(text);
  if (end < 0) return { text, at };
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.exec(text)?.[0] ?? '';
  const hidden = `${scheme}***`;
  const moved = at >= end ? hidden.length + at - end : Math.min(at, scheme.length);
  return { text: hidden + text.slice(end), at: moved };
}

function shorten(text: string): string {
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
}

/** The name, or a window of it, and a caret below the character at `at`. */
function pointer(text: string, at: number): string {
  const start = text.length <= WIDTH ? 0 : Math.max(0, at - WIDTH / 2);
  const end = Math.min(text.length, start + WIDTH);
  const before = (start > 0 ? '…' : '') + sanitize(text.slice(start, at));
  const after = sanitize(text.slice(at, end)) + (end < text.length ? '…' : '');
  return `  ${before}${after}\n  ${' '.repeat(Array.from(before).length)}^`;
}
