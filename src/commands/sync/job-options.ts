import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parsePlatforms, formatPlatform } from '../../oci/platform.ts';
import { parseSpan } from '../../retention/patterns.ts';
import type { Naming, NameRule, SyncJob } from '../../sync/types.ts';
import type { Context } from '../context.ts';
import { readCount, readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import type { Input } from '../types.ts';

/** Job settings from the command line, which override those of a file. */
export function overrides({ flags }: Pick<Context, 'flags'>, input: Input): Partial<SyncJob> {
  const { platform } = flags;
  const immutable = readList(input, 'immutable');
  const backup = readText(input, 'backup');
  const newest = readCount(input, 'newest', '--newest');
  const deletion = readText(input, 'delete') as SyncJob['delete'];
  const maxDelete = readText(input, 'maxDelete');
  const deleteExclude = readList(input, 'deleteExclude');
  const since = readText(input, 'since');
  const minTags = readCount(input, 'minTags', '--min-tags');
  const mediaTypes = readList(input, 'mediaType');
  if (since !== undefined) parseSpan(since, '--since');
  return {
    ...(deletion === undefined ? {} : { delete: deletion }),
    ...(maxDelete === undefined ? {} : { maxDelete }),
    ...(platform === undefined
      ? {}
      : {
          platforms: parsePlatforms(platform).map(formatPlatform),
          platformsOfIndexes: false,
        }),
    ...(immutable.length === 0 ? {} : { immutable }),
    ...(readFlag(input, 'sparseIndex') ? { sparseIndex: true } : {}),
    ...(readFlag(input, 'missing') ? { missing: true } : {}),
    ...(readFlag(input, 'referrers') ? { referrers: true, digestTags: true } : {}),
    ...(readFlag(input, 'digestTags') ? { digestTags: true } : {}),
    ...(readFlag(input, 'allowNondistributable') ? { allowNondistributable: true } : {}),
    ...(backup === undefined ? {} : { backup }),
    ...(newest === undefined ? {} : { newest }),
    ...(since === undefined ? {} : { since }),
    ...(minTags === undefined ? {} : { minTags }),
    ...(mediaTypes.length === 0 ? {} : { mediaTypes }),
    ...(deleteExclude.length === 0 ? {} : { deleteExclude }),
    ...(readFlag(input, 'deep') ? { deep: true } : {}),
  };
}

/** @throws AppError USAGE */
export function namingOf(input: Input, standard: Naming['style']): Naming {
  const styles = {
    '--keep-path': readFlag(input, 'keepPath'),
    '--scoped': readFlag(input, 'scoped'),
    '--flat': readFlag(input, 'flat'),
  };
  rejectTogether(styles);
  const chosen = Object.entries(styles).find(([, given]) => given)?.[0];
  const map = readList(input, 'map').map(ruleOf);
  const suffix = readText(input, 'appendSuffix');
  return {
    style: chosen === undefined ? standard : (chosen.slice(2) as Naming['style']),
    ...(map.length === 0 ? {} : { map }),
    ...(suffix === undefined ? {} : { suffix }),
  };
}

function ruleOf(text: string): NameRule {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1)
    return { pattern: text.slice(0, at), template: text.slice(at + 1) };
  throw new AppError('USAGE', `--map takes PATTERN=TEMPLATE, not "${sanitize(text)}"`, {
    hint: "For example --map 'docker.io/library/*=hub/$1'.",
  });
}
