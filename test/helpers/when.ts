import { describe } from 'vitest';
import { missingPrograms } from './commands.ts';

/** A suite that needs real programs; without them it is skipped, with the reason in its name. */
export function describeWith(programs: readonly string[], title: string, body: () => void): void {
  describeUnless(missingPrograms(...programs), title, body);
}

/** A suite that is skipped where there is a reason, which its name then says. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title} (skipped, ${reason})`, body);
}
