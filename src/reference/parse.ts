import type { AppError } from '../errors/app-error.ts';
import type { Problem } from './grammar.ts';
import { invalidName } from './error.ts';
import { scanReference } from './scan.ts';
import type { Reference } from './types.ts';

const DOCKER_SCHEME = 'docker://';

/**
 * Reads an image name as Docker does: "docker.io" and "library/" are filled in, tag and digest are
 * both kept, no default tag is added.
 * @throws AppError INVALID_REFERENCE: the rule, the name and a caret in up to three lines
 */
export function parseReference(input: string): Reference {
  const scanned = scanReference(input);
  if ('reference' in scanned) return scanned.reference;
  throw invalidReference(input, scanned.problem);
}

/** "docker://REF", as skopeo spells it, without its scheme. */
export function stripDockerScheme(input: string): string {
  return input.startsWith(DOCKER_SCHEME) ? input.slice(DOCKER_SCHEME.length) : input;
}

function invalidReference(input: string, problem: Problem): AppError {
  const { suggestion, hint } = problem;
  const helps = suggestion !== undefined && 'reference' in scanReference(suggestion);
  return invalidName('reference', input, problem, helps ? `Did you mean "${suggestion}"?` : hint);
}
