import { AppError } from '../errors/app-error.ts';

/**
 * When something is made, for its annotations: now, or `SOURCE_DATE_EPOCH` (reproducible-builds.org).
 * RFC 3339 in seconds. @throws AppError USAGE if the variable is not a number of seconds
 */
export function creationTime(
  env: Readonly<Record<string, string | undefined>>,
  now: () => Date,
): string {
  const epoch = env['SOURCE_DATE_EPOCH'];
  const time = epoch === undefined || epoch === '' ? now() : new Date(Number(epoch) * 1000);
  if (Number.isNaN(time.getTime()) || (epoch !== undefined && !/^\d*$/u.test(epoch))) {
    throw new AppError('USAGE', `SOURCE_DATE_EPOCH is not a number of seconds: "${epoch}"`);
  }
  return `${time.toISOString().slice(0, 19)}Z`;
}
