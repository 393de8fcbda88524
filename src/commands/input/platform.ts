import { AppError } from '../../errors/app-error.ts';
import { parsePlatforms, type Platform } from '../../oci/platform.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { DetailsOptions } from '../../tags/details.ts';
import type { Context } from '../context.ts';

/**
 * The single platform of `--platform`, or of skopeo's `--override-…`.
 * @throws AppError INVALID_PLATFORM; USAGE for a list
 */
export function requestedPlatform({ flags }: Pick<Context, 'flags'>): Platform | undefined {
  const { platform, override } = flags;
  if (platform === undefined) return override;
  const [only, ...more] = parsePlatforms(platform);
  if (more.length > 0) {
    throw new AppError('USAGE', `--platform takes one platform here, not "${platform}"`, {
      hint: 'Run the command once for each platform.',
    });
  }
  return only;
}

export type PlatformContext = Pick<Context, 'flags' | 'hostPlatform' | 'warn'>;

/** Options for describing tags and looking them up. @throws AppError as requestedPlatform */
export function detailsOptions(
  context: Omit<PlatformContext, 'warn'>,
  options: CallOptions,
): DetailsOptions {
  const { concurrency } = context.flags;
  const platform = requestedPlatform(context);
  return { ...options, concurrency, platform, host: context.hostPlatform };
}
