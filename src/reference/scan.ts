import { isIPv6 } from 'node:net';
import { digestProblem, isDigest } from '../oci/digest.ts';
import { DOCKER_HUB } from './docker-hub.ts';
import {
  isPathTooLong,
  pathProblem,
  tagOfVersion,
  tagProblem,
  type Problem,
  endOfUserInfo,
} from './grammar.ts';
import { canonicalHost, hostProblem, looksLikeHost } from './host.ts';
import type { Reference } from './types.ts';

/** Maximum length of the input, in characters. */
const MAX_INPUT = 1024;

export type Scanned = { readonly reference: Reference } | { readonly problem: Problem };

/**
 * Reads `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` (distribution/reference v0.6 grammar and Docker's
 * defaults) without throwing.
 */
export function scanReference(text: string): Scanned {
  const problem = commonMistake(text);
  if (problem !== undefined) return { problem };
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const scanned = scanName(name);
  if ('problem' in scanned) return { problem: withRest(scanned.problem, text.slice(name.length)) };
  if (at < 0) return scanned;
  const digest = text.slice(at + 1);
  if (isDigest(digest)) return { reference: { ...scanned.reference, digest } };
  return { problem: badDigest(name, digest) };
}

/** A suggestion for the name also applies to the name with its digest. */
function withRest(problem: Problem, rest: string): Problem {
  return problem.suggestion === undefined
    ? problem
    : { ...problem, suggestion: problem.suggestion + rest };
}

function commonMistake(text: string): Problem | undefined {
  if (text === '')
    return { at: 0, rule: 'it is empty', hint: 'Name an image, for example "alpine:3".' };
  if (text.length > MAX_INPUT) {
    return { at: MAX_INPUT, rule: `it must not be longer than ${MAX_INPUT} characters` };
  }
  const blank = text.search(/[\s\u0000-\u001f\u007f-\u009f]/);
  if (blank >= 0) {
    const what = text[blank] === ' ' ? 'a space' : 'white space or a control character';
    return { at: blank, rule: `it contains ${what}`, suggestion: text.trim() };
  }
  return urlMistake(text) ?? userInfoMistake(text) ?? bareDigest(text);
}

function urlMistake(text: string): Problem | undefined {
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.exec(text)?.[0];
  if (scheme === undefined) return undefined;
  const rest = text.slice(Math.max(scheme.length, endOfUserInfo(text) + 1));
  const page = /^hub\.docker\.com\/(?:r\/|_\/)([^?#]+?)(?:\/tags)?$/.exec(rest)?.[1];
  return {
    at: 0,
    rule: `a name has no "${scheme}"`,
    hint: 'Write registry, repository and tag, for example "ghcr.io/owner/app:1".',
    suggestion: page ?? rest.replace(/\/$/, ''),
  };
}

function userInfoMistake(text: string): Problem | undefined {
  if (endOfUserInfo(text) < 0) return undefined;
  return {
    at: 0,
    rule: 'a name has no user or password in it',
    hint: 'Use --creds, or log in first: regctl login',
  };
}

function bareDigest(text: string): Problem | undefined {
  if (isDigest(text)) {
    return {
      at: 0,
      rule: 'a digest without a repository does not name an image',
      hint: `Write the repository before it: NAME@${text.slice(0, 14)}…`,
    };
  }
  if (/^[a-f0-9]{64}$/.test(text)) {
    return {
      at: 0,
      rule: 'cannot specify 64-byte hexadecimal strings',
      hint: 'Write the repository before a digest: NAME@sha256:…',
    };
  }
  return undefined;
}

/** The part before "@". */
function scanName(name: string): Scanned {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  if (slash < 0 && (name.startsWith('[') || isIPv6(name))) {
    return { problem: hostWithoutPath(name) };
  }
  if (!looksLikeHost(first)) return scanRemainder(DOCKER_HUB, name, 0);
  const problem = hostProblem(first);
  if (problem !== undefined) return { problem };
  if (slash === name.length - 1) return { problem: hostWithoutPath(first) };
  return scanRemainder(canonicalHost(first), name, slash + 1);
}

function hostWithoutPath(host: string): Problem {
  return (
    hostProblem(host) ?? {
      at: host.length,
      rule: 'repository name must have at least one component',
      hint: `Add a repository after the registry: ${host}/NAME`,
    }
  );
}

/** Scans `PATH[:TAG]`, which starts at `start` of `name`. */
function scanRemainder(registry: string, name: string, start: number): Scanned {
  const colon = name.indexOf(':', start);
  const path = name.slice(start, colon < 0 ? undefined : colon);
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  const problem = pathProblem(path);
  if (problem !== undefined) return { problem: badPath(problem, name, start, colon) };
  if (isPathTooLong(repository)) {
    const rule = 'repository name must not be more than 255 characters';
    return { problem: { at: start, rule } };
  }
  if (colon < 0) return { reference: { registry, repository } };
  const tag = tagOfVersion(name.slice(colon + 1));
  const fault = tagProblem(tag);
  if (fault === undefined) return { reference: { registry, repository, tag } };
  return { problem: badTag(fault, name, colon) };
}

function badPath(problem: Problem, name: string, start: number, colon: number): Problem {
  const { suggestion } = problem;
  const end = colon < 0 ? name.length : colon;
  return {
    ...problem,
    at: start + problem.at,
    ...(suggestion === undefined
      ? {}
      : { suggestion: name.slice(0, start) + suggestion + name.slice(end) }),
  };
}

function badTag(fault: Problem, name: string, colon: number): Problem {
  const tag = name.slice(colon + 1);
  const before = name.slice(0, colon);
  if (tag === '') {
    return { ...fault, at: colon, hint: 'Add a tag after ":", or remove the ":".' };
  }
  return {
    ...fault,
    at: colon + 1 + fault.at,
    ...(isDigest(tag) ? { suggestion: `${before}@${tag}` } : {}),
  };
}

function badDigest(name: string, digest: string): Problem {
  const start = name.length + 1;
  if (digest === '') {
    const hint = 'Add a digest after "@", or remove the "@".';
    return { at: name.length, rule: 'the digest is missing', hint };
  }
  const rule = digestProblem(digest) ?? 'invalid checksum digest format';
  const colon = digest.indexOf(':');
  const again = digest.slice(colon + 1).search(/[:@]/);
  if (again >= 0) {
    const [kept, added] = [digest.slice(0, colon + 1 + again), digest.slice(colon + 2 + again)];
    return {
      at: start + colon + 1 + again,
      rule: 'invalid checksum digest format',
      hint: 'A tag stands before the digest: NAME:TAG@DIGEST.',
      suggestion: `${name}:${added}@${kept}`,
    };
  }
  return {
    at: start + digestFault(rule, digest, colon),
    rule,
    hint: 'A digest looks like sha256:… with 64 lower-case hexadecimal digits.',
    suggestion: colon < 0 ? `${name}:${digest}` : `${name}@${digest.toLowerCase()}`,
  };
}

/** The offset in the digest at which the rule is broken. */
function digestFault(rule: string, digest: string, colon: number): number {
  if (colon < 0 || rule === 'unsupported digest algorithm') return 0;
  const bad = digest.slice(colon + 1).search(/[^a-f0-9]/);
  return colon + 1 + Math.max(bad, 0);
}
