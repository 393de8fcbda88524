import { sanitize } from '../errors/sanitize.ts';

/** A rule that a text breaks, at an offset in UTF-16 units. */
export interface Problem {
  readonly at: number;
  readonly rule: string;
  /** What to do about it, if no corrected name can be offered. */
  readonly hint?: string;
  /** A corrected name; offered only if it is valid itself. */
  readonly suggestion?: string;
}

/** distribution/reference RepositoryNameTotalLengthMax: of the path, without the host. */
const MAX_PATH = 255;
const MAX_TAG = 128;

/** The rule that a repository path breaks, except its length. */
export function pathProblem(path: string): Problem | undefined {
  if (path === '') return { at: 0, rule: 'repository name must have at least one component' };
  const capital = path.search(/[A-Z]/);
  if (capital >= 0) {
    return {
      at: capital,
      rule: 'repository name must be lowercase',
      suggestion: path.toLowerCase(),
    };
  }
  let at = 0;
  for (const component of path.split('/')) {
    const problem = componentProblem(component);
    if (problem !== undefined) return { ...problem, at: at + problem.at };
    at += component.length + 1;
  }
  return undefined;
}

export function isPathTooLong(path: string): boolean {
  return path.length > MAX_PATH;
}

function componentProblem(component: string): Problem | undefined {
  if (component === '') return { at: 0, rule: 'repository name must not have an empty component' };
  const bad = component.search(/[^a-z0-9._-]/);
  if (bad >= 0) {
    const char = characterAt(component, bad);
    return { at: bad, rule: `${quoteChar(char)} is not allowed in a repository name` };
  }
  for (const run of component.matchAll(/[._-]+/g)) {
    const end = run.index + run[0].length;
    if (run.index === 0 || end === component.length) {
      const edge = run.index === 0 ? 'begins' : 'ends';
      return {
        at: run.index,
        rule: `a component of a repository name ${edge} with a letter or digit`,
      };
    }
    if (!/^(?:\.|__?|-+)$/.test(run[0])) {
      return {
        at: run.index,
        rule: `"${run[0]}" is not allowed in a repository name`,
        hint: 'Words are joined by one ".", one or two "_", or dashes.',
      };
    }
  }
  return undefined;
}

/** The rule that a tag breaks. */
export function tagProblem(tag: string): Problem | undefined {
  if (tag === '') return { at: 0, rule: 'the tag is missing' };
  const bad = tag.search(/[^a-zA-Z0-9_.-]/);
  if (bad >= 0) {
    return { at: bad, rule: `${quoteChar(characterAt(tag, bad))} is not allowed in a tag` };
  }
  if (/^[.-]/.test(tag)) return { at: 0, rule: `a tag does not begin with "${tag.slice(0, 1)}"` };
  if (tag.length > MAX_TAG) {
    return { at: MAX_TAG, rule: `a tag must not be more than ${MAX_TAG} characters` };
  }
  return undefined;
}

/**
 * Helm writes the `+` of a version as `_`, because a tag cannot contain it: "1.2.0+build.1" is the
 * tag "1.2.0_build.1". Other text is unchanged.
 */
export function tagOfVersion(text: string): string {
  return /^v?\d+(?:\.\d+)*(?:-[\w.-]+)?\+[\w.+-]+$/u.test(text) ? text.replaceAll('+', '_') : text;
}

export function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

/** A character in quotes, safe for a message. */
export function quoteChar(char: string): string {
  return `"${sanitize(char)}"`;
}

/**
 * Returns the index of the "@" that ends `user:password@` in a text, or -1. What follows it must
 * look like a host or a path, unlike a digest, or the text must be a URL.
 */
export function endOfUserInfo(text: string): number {
  const name = text.replace(/@sha(?:256|512):[^@]*$/, '');
  const at = name.lastIndexOf('@');
  if (at < 0) return -1;
  const isPlace = /^(?:localhost|\[|[a-z0-9-]+:\d{1,5}$)|[/.]/.test(name.slice(at + 1));
  return isPlace || text.includes('://') ? at : -1;
}
