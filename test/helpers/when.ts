import { describe } from 'vitest';
import { missingPrograms } from './commands.ts';

/** A suite that needs real programs; without them it is skipped, with the reason in its name. */
export function describeWith(programs: readonly string[], title: string, body: () => void): void {
  const reason = missingPrograms(...programs);
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title} (skipped, ${reason})`, body);
}
