import { AppError } from '../errors/app-error.ts';

/** Whether a tag or repository name is kept. */
export type NameFilter = (name: string) => boolean;

export interface NameFilterOptions {
  /** Regular expressions that match anywhere in the name; empty keeps all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** A version range ("^1.4"): keeps names that are versions within it. */
  readonly semver?: string | undefined;
}

/** @throws AppError USAGE for an invalid expression or range */
export async function createNameFilter(options: NameFilterOptions): Promise<NameFilter> {
  const include = options.include.map((source) => parseRegex(source, '--include'));
  const exclude = options.exclude.map((source) => parseRegex(source, '--exclude'));
  const inRange =
    options.semver === undefined ? undefined : await createVersionRange(options.semver);
  return (name) =>
    (include.length === 0 || include.some((regex) => regex.test(name))) &&
    !exclude.some((regex) => regex.test(name)) &&
    (inRange === undefined || inRange(name));
}

function parseRegex(source: string, flag: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    throw new AppError('USAGE', `${flag} takes a regular expression, not "${source}"`, {
      hint: 'It is written as in JavaScript, for example ^v?1\\.[0-9]+$ (quote it for the shell).',
      cause: error,
    });
  }
}

/** Creates a filter for versions within a range, in npm's syntax. @throws AppError USAGE */
export async function createVersionRange(text: string, option = '--semver'): Promise<NameFilter> {
  const { default: semver } = await import('semver');
  if (semver.validRange(text) === null) {
    throw new AppError('USAGE', `${option} takes a range of versions, not "${text}"`, {
      hint: 'For example "^1.4", ">=2 <3" or "1.2.x".',
    });
  }
  const range = new semver.Range(text);
  return (name) => {
    const version = toVersion(name);
    return version !== undefined && range.test(version);
  };
}

/**
 * Parses a tag as a strict version: "v1.2" is 1.2.0, "1.2.0_b1" is 1.2.0+b1; `undefined` if it is
 * not one.
 */
function toVersion(tag: string): string | undefined {
  const match =
    /^v?(0|[1-9]\d{0,9})(?:\.(0|[1-9]\d{0,9}))?(?:\.(0|[1-9]\d{0,9}))?(-[0-9A-Za-z.-]+)?(?:[+_][0-9A-Za-z._-]+)?$/u.exec(
      tag,
    );
  if (match === null) return undefined;
  return `${match[1]}.${match[2] ?? 0}.${match[3] ?? 0}${match[4] ?? ''}`;
}
