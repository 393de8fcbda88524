import { sanitize } from '../../errors/sanitize.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { formatLoginTarget } from '../../credentials/keys.ts';
import { parseLoginTarget } from '../input/login-target.ts';
import { readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type LogoutContext = Pick<Context, 'logins' | 'note'>;

/** Removes stored logins. Having none is not an error, as scripts may clean up twice. */
export async function run(
  context: LogoutContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const all = readFlag(input, 'all');
  const [argument] = input.args;
  if (all && argument !== undefined) {
    throw new AppError('USAGE', '--all takes no registry: it forgets every login');
  }
  const targets = all
    ? await context.logins.list(options)
    : [formatLoginTarget(parseLoginTarget(argument))];
  const removed: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  // One at a time, as they share a file. A failure does not stop the others.
  for (const target of targets) {
    try {
      const places = await context.logins.remove(target, options);
      if (places.length > 0) removed.push(target);
      for (const place of places) context.note(`${target}: removed from ${place}`);
    } catch (error) {
      options.signal?.throwIfAborted();
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
  if (removed.length === 0 && readFlag(input, 'mustExist')) {
    throw new AppError('UNAUTHORIZED', `not logged in to ${targets.join(', ') || 'any registry'}`);
  }
  return { kind: 'value', json: { Removed: removed }, text: () => textOf(removed, targets) };
}

function textOf(removed: readonly string[], asked: readonly string[]): string {
  if (removed.length > 0) {
    return removed.map((one) => `Removed the login of ${sanitize(one)}`).join('\n');
  }
  const [one] = asked;
  return one === undefined ? 'Not logged in anywhere' : `Not logged in to ${sanitize(one)}`;
}
