import type { AppError } from '../errors/app-error.ts';
import type { Problem } from './grammar.ts';
import { invalidName } from './error.ts';
import { scanReference } from './scan.ts';
import type { Reference } from './types.ts';

const DOCKER_SCHEME = 'docker://';

/**
 * Reads an image name as Docker does: adds "docker.io" and "library/", keeps both tag and digest,
 * adds no default tag.
 * @throws AppError INVALID_REFERENCE: the rule, the name and a caret in up to three lines
 * @example
 * import { parseReference } from '@regctl/cli/reference';
 *
 * const { registry, repository, tag } = parseReference('alpine:3.20');
 * console.log(registry, repository, tag); // docker.io library/alpine 3.20
 */
export function parseReference(input: string): Reference {
  const scanned = scanReference(input);
  if ('reference' in scanned) return scanned.reference;
  throw invalidReference(input, scanned.problem);
}

/** Removes the scheme of "docker://REF", which skopeo uses. */
export function stripDockerScheme(input: string): string {
  return input.startsWith(DOCKER_SCHEME) ? input.slice(DOCKER_SCHEME.length) : input;
}

function invalidReference(input: string, problem: Problem): AppError {
  const { suggestion, hint } = problem;
  const helps = suggestion !== undefined && 'reference' in scanReference(suggestion);
  return invalidName('reference', input, problem, helps ? `Did you mean "${suggestion}"?` : hint);
}
