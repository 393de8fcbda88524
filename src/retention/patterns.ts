import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';

export type Matcher = (name: string) => boolean;

/**
 * Creates a matcher from a glob for the whole name (`*` and `?`), or from `/regular expression/`,
 * which matches anywhere.
 * @throws AppError USAGE; `option` names where it was written
 */
export function createMatcher(pattern: string, option: string): Matcher {
  if (pattern.length > 1 && pattern.startsWith('/') && pattern.endsWith('/')) {
    return searching(pattern.slice(1, -1), option);
  }
  const source = pattern.replace(/[\\^$.|+()[\]{}/*?]/gu, (char) =>
    char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`,
  );
  const regex = new RegExp(`^${source}$`, 'us');
  return (name) => regex.test(name);
}

function searching(source: string, option: string): Matcher {
  const regex = createRegex(source, option);
  return (name) => regex.test(name);
}

/** @throws AppError USAGE */
export function createRegex(source: string, option: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    throw new AppError('USAGE', `${option} takes a regular expression, not "${sanitize(source)}"`, {
      hint: 'Write it as in JavaScript, and quote it for the shell: /^v?1\\.[0-9]+$/',
      cause: error,
    });
  }
}

const HOUR = 3_600_000;
const UNITS: readonly (readonly [string, number])[] = [
  ['w', 7 * 24 * HOUR],
  ['d', 24 * HOUR],
  ['h', HOUR],
];

/** Parses `30d`, `12h` or `2w3d` to milliseconds. @throws AppError USAGE */
export function parseSpan(text: string, option: string): number {
  const match = /^(?:(?<w>\d{1,5})w)?(?:(?<d>\d{1,5})d)?(?:(?<h>\d{1,6})h)?$/u.exec(text);
  if (match === null || text === '') {
    throw new AppError('USAGE', `${option} takes a duration, not "${sanitize(text)}"`, {
      hint: 'Write weeks, days or hours, such as 30d, 12h or 2w.',
    });
  }
  return UNITS.reduce((sum, [unit, size]) => sum + Number(match.groups?.[unit] ?? 0) * size, 0);
}
