import { AppError } from '../../errors/app-error.ts';
import { digestProblem } from '../../oci/digest.ts';
import type { Location } from '../types.ts';

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whatever looks like "algorithm:hex" behind an @ is a digest, so that a mistyped one is no tag. */
const DIGEST_LIKE = /^(?:sha\d+:.*|[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9A-Fa-f]{32,})$/;

/** How the names of one transport begin, and what they name. */
export interface LayoutNameSyntax {
  readonly scheme: string;
  readonly what: 'folder' | 'file';
}

const FOLDER: LayoutNameSyntax = { scheme: 'oci', what: 'folder' };

/**
 * `DIR`, `DIR:TAG`, `DIR@DIGEST`, `DIR:TAG@DIGEST`. The tag stands behind the last colon and has
 * no slash; the colon of a Windows drive ("C:\out") is part of the folder.
 * @throws AppError INVALID_REFERENCE
 */
export function parseLayoutName(rest: string, syntax: LayoutNameSyntax = FOLDER): Location {
  const { scheme, what } = syntax;
  const invalid = (rule: string, options?: { hint: string }): AppError =>
    invalidName(rest, syntax, rule, options);
  if (rest.startsWith('//')) {
    throw invalid(`"${scheme}:" takes a ${what}, not an address`, {
      hint: `For a registry write docker:${rest}, for a ${what} ${scheme}:/${rest.replace(/^\/+/u, '')}.`,
    });
  }
  if (/[\u0000-\u001f]/.test(rest)) throw invalid(`a ${what} has no control characters`);
  const { head, digest } = splitDigest(rest);
  const { path, tag } = splitTag(head);
  if (path === '') throw invalid(`the ${what} is missing`);
  if (digest !== undefined) {
    const problem = digestProblem(digest);
    if (problem !== undefined) throw invalid(`"${digest}": ${problem}`);
  }
  if (tag !== undefined && !TAG.test(tag)) {
    throw invalid(`"${tag}" is not a tag`, {
      hint: 'A tag has up to 128 letters, digits, "_", "." and "-", and starts with none of the last two.',
    });
  }
  return { scheme, name: path, ref: digest ?? tag, tag, text: `${scheme}:${rest}` };
}

function splitDigest(rest: string): { head: string; digest: string | undefined } {
  const at = rest.lastIndexOf('@');
  const digest = rest.slice(at + 1);
  return at >= 0 && DIGEST_LIKE.test(digest)
    ? { head: rest.slice(0, at), digest }
    : { head: rest, digest: undefined };
}

function splitTag(head: string): { path: string; tag: string | undefined } {
  const drive = /^[A-Za-z]:[\\/]/.test(head) ? 2 : 0;
  const colon = head.lastIndexOf(':');
  const tag = head.slice(colon + 1);
  return colon < drive || /[\\/]/.test(tag)
    ? { path: head, tag: undefined }
    : { path: head.slice(0, colon), tag };
}

function invalidName(
  rest: string,
  { scheme, what }: LayoutNameSyntax,
  rule: string,
  options?: { hint: string },
): AppError {
  const form = `${scheme}:${what === 'folder' ? 'DIR' : 'FILE'}`;
  return new AppError('INVALID_REFERENCE', `invalid image name "${scheme}:${rest}": ${rule}`, {
    hint: options?.hint ?? `Write ${form}, ${form}:TAG or ${form}@DIGEST.`,
  });
}
