import { AppError } from '../../errors/app-error.ts';
import { digestProblem, isDigest, type Digest } from '../../oci/digest.ts';
import type { Location } from '../types.ts';

/** A reference name (image-spec v1.1.1 annotations.md), or what older writers used. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:@/+-]*$/;

const MAX_NAME_CHARACTERS = 1024;

/** The position of an image in index.json, counted from 0 as in skopeo 1.22. */
const INDEX = /^@\d{1,9}$/;

/** Text like "algorithm:hex" is a digest, so that a mistyped digest never becomes a directory. */
const DIGEST_LIKE = /^(?:sha\d+:.*|[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9A-Fa-f]{32,})$/;

/** The drive of a Windows path, whose colon does not end the path. */
const DRIVE = /^(?:\\\\\?\\)?[A-Za-z]:(?=[\\/])/;

/** The scheme of a transport's names, and what they name. */
export interface LayoutNameSyntax {
  readonly scheme: string;
  readonly what: 'directory' | 'file';
}

const DIRECTORY: LayoutNameSyntax = { scheme: 'oci', what: 'directory' };

/**
 * Parses `PATH`, `PATH@DIGEST`, `PATH:NAME` or `PATH:@N` as skopeo and Buildah do: the path ends at
 * the first colon, except the one of a Windows drive, so a name may contain colons and slashes. An
 * empty name counts as none.
 * @throws AppError INVALID_REFERENCE
 */
export function parseLayoutName(rest: string, syntax: LayoutNameSyntax = DIRECTORY): Location {
  const { scheme, what } = syntax;
  const invalid = (rule: string, options?: { hint: string }): AppError =>
    invalidName(rest, syntax, rule, options);
  if (rest.startsWith('//')) {
    throw invalid(`"${scheme}:" takes a ${what}, not an address`, {
      hint: `For a registry use docker:${rest}, for a ${what} ${scheme}:/${rest.replace(/^\/+/u, '')}.`,
    });
  }
  if (/[\u0000-\u001f]/.test(rest)) throw invalid(`a ${what} has no control characters`);
  const { path, digest, name } = split(rest);
  if (path === '') throw invalid(`the ${what} is missing`);
  const problem = digest === undefined ? undefined : digestProblem(digest);
  if (problem !== undefined) throw invalid(`"${digest}": ${problem}`);
  const location = { scheme, name: path, text: `${scheme}:${rest}` };
  if (name === undefined || name === '') return { ...location, ref: digest, tag: undefined };
  if (INDEX.test(name)) return { ...location, ref: name, tag: undefined };
  if (!NAME.test(name) || name.length > MAX_NAME_CHARACTERS) {
    throw invalid(`"${name}" is not a name of an image`, {
      hint: `A name starts with a letter, a digit or "_" and has letters, digits and "._:@/+-", at most ${MAX_NAME_CHARACTERS} of them.`,
    });
  }
  const pinned = splitPinned(name);
  const wrong = pinned === undefined ? undefined : digestProblem(pinned.digest);
  if (wrong !== undefined) throw invalid(`"${pinned?.digest}": ${wrong}`);
  return { ...location, ref: name, tag: pinned?.name ?? name };
}

/** The position in a name such as `@0`, the first image. `undefined` for any other name. */
export function indexInLayout(ref: string): number | undefined {
  return INDEX.test(ref) ? Number(ref.slice(1)) : undefined;
}

/** @throws AppError INVALID_REFERENCE for `PATH:@N`: a position can be read, not written */
export function requireWritableName({ scheme, name, ref, text }: Location): void {
  if (ref === undefined || indexInLayout(ref) === undefined) return;
  throw new AppError(
    'INVALID_REFERENCE',
    `"${text}" has an index, which names an image to read, not to write`,
    { hint: `Use ${scheme}:${name}:NAME.` },
  );
}

/** Splits `NAME@DIGEST`: a name as skopeo writes it, or NAME with the digest that it must have. */
export function pinnedName(ref: string): { name: string; digest: Digest } | undefined {
  const { name, digest } = splitPinned(ref) ?? {};
  return name !== undefined && digest !== undefined && isDigest(digest)
    ? { name, digest }
    : undefined;
}

function splitPinned(name: string): { name: string; digest: string } | undefined {
  const at = name.lastIndexOf('@');
  const digest = name.slice(at + 1);
  return at > 0 && DIGEST_LIKE.test(digest) ? { name: name.slice(0, at), digest } : undefined;
}

function split(rest: string): { path: string; digest?: string; name?: string } {
  const from = DRIVE.exec(rest)?.[0].length ?? 0;
  const colon = rest.indexOf(':', from);
  const at = rest.lastIndexOf('@');
  // There is no colon before the "@", so the one that was found belongs to the digest.
  if (at >= from && colon > at && DIGEST_LIKE.test(rest.slice(at + 1))) {
    return { path: rest.slice(0, at), digest: rest.slice(at + 1) };
  }
  return colon < 0 ? { path: rest } : { path: rest.slice(0, colon), name: rest.slice(colon + 1) };
}

function invalidName(
  rest: string,
  { scheme, what }: LayoutNameSyntax,
  rule: string,
  options?: { hint: string },
): AppError {
  const form = `${scheme}:${what === 'directory' ? 'DIR' : 'FILE'}`;
  return new AppError('INVALID_REFERENCE', `invalid image name "${scheme}:${rest}": ${rule}`, {
    hint: options?.hint ?? `Use ${form}, ${form}:NAME, ${form}@DIGEST or ${form}:@N.`,
  });
}
