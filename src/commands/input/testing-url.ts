import { AppError } from '../../errors/app-error.ts';
import type { Context } from '../context.ts';

/** Address for Docker Hub's own APIs from a variable that tests set. @throws AppError USAGE */
export function baseUrlOf(
  context: Pick<Context, 'env'>,
  variable: 'REGCTL_HUB_API_URL' | 'REGCTL_HUB_SEARCH_URL',
): URL | undefined {
  const text = context.env[variable];
  if (text === undefined || text === '') return undefined;
  if (!URL.canParse(text)) throw new AppError('USAGE', `${variable} is not a URL`);
  return new URL(text.endsWith('/') ? text : `${text}/`);
}
