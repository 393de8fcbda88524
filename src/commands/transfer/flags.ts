import type { CopyRunOptions } from '../../copy/types.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Conversion, openConverted } from '../../client/converted.ts';
import { parsePlatforms, type Platform } from '../../oci/platform.ts';
import { familiarName, withDefaultTag } from '../../reference/format.ts';
import { tagOfVersion } from '../../reference/grammar.ts';
import { parseReference } from '../../reference/parse.ts';
import { isTag } from '../../reference/names.ts';
import type { CallOptions } from '../../util/abort.ts';
import { holdsIndexes, isEngine, type CopyLocations } from '../../client/copy-locations.ts';
import type { Context } from '../context.ts';
import type { Input } from '../types.ts';
import {
  readCount,
  readFlag,
  readInteger,
  readList,
  readText,
  rejectTogether,
} from '../input/read.ts';

type FlagsContext = Pick<Context, 'flags' | 'hostPlatform' | 'note'>;

/** The part of the context that a copy of an image or repository uses. */
export type CopyContext = FlagsContext &
  Pick<
    Context,
    | 'cwd'
    | 'emit'
    | 'locate'
    | 'now'
    | 'openRead'
    | 'openWrite'
    | 'reference'
    | 'registry'
    | 'requestCount'
    | 'requireTrusted'
    | 'tempDir'
    | 'temporaries'
    | 'terminal'
    | 'warn'
  >;

/** The parsed options of `copy`. */
export interface CopyFlags {
  readonly platforms: readonly Platform[];
  /** Copies only this platform of an index, for a destination that stores single images. */
  readonly indexPlatform: Platform | undefined;
  readonly indexOnly: boolean;
  readonly referrers: boolean;
  readonly digestTags: boolean;
  readonly recheck: boolean;
  readonly onlyMissing: boolean;
  readonly noClobber: boolean;
  readonly preserveDigests: boolean;
  readonly conversion: Conversion | undefined;
  readonly dryRun: boolean;
  readonly allTags: boolean;
  readonly newest: number | undefined;
  readonly allowEmpty: boolean;
  readonly allowNondistributable: boolean;
  readonly additionalTags: readonly string[];
  readonly digestFile: string | undefined;
}

/** @throws AppError USAGE if options contradict each other; INVALID_PLATFORM, INVALID_REFERENCE */
export function copyFlags(
  context: FlagsContext,
  input: Input,
  { from, to }: CopyLocations,
): CopyFlags {
  // An engine may have an index of which it pulled only one image.
  const isOneImage = !holdsIndexes(to) || isEngine(from);
  const { which } = multiArchOf(input);
  const flags: CopyFlags = {
    platforms: platformsOf(context, input),
    // As in skopeo, `system` selects from an index; a single image of any platform is copied.
    indexPlatform:
      which === 'system' || (isOneImage && !wantsAll(input)) ? context.hostPlatform : undefined,
    indexOnly: which === 'index-only',
    referrers: readFlag(input, 'referrers'),
    digestTags: readFlag(input, 'digestTags'),
    recheck: readFlag(input, 'recheck'),
    onlyMissing: readFlag(input, 'missing'),
    noClobber: readFlag(input, 'noClobber'),
    preserveDigests: readFlag(input, 'preserveDigests'),
    conversion: conversionOf(input),
    dryRun: readFlag(input, 'dryRun'),
    allTags: readFlag(input, 'allTags'),
    newest: readCount(input, 'newest', '--newest'),
    allowEmpty: readFlag(input, 'allowEmpty'),
    allowNondistributable: readFlag(input, 'allowNondistributable'),
    additionalTags: additionalTagsOf(input, to),
    digestFile: readText(input, 'digestfile'),
  };
  rejectContradictions(flags, input);
  return flags;
}

/** The part of the context that a conversion uses. */
export function conversionContext(
  context: Pick<Context, 'flags' | 'note' | 'tempDir' | 'temporaries' | 'warn'>,
): Parameters<typeof openConverted>[0] {
  return {
    concurrency: context.flags.concurrency,
    tempDir: context.tempDir,
    temporaries: () => context.temporaries(),
    note: (text) => context.note(text),
    warn: (text) => context.warn(text),
  };
}

/** Options for a copy of an image or a repository. */
export function copyRunOptions(
  context: FlagsContext,
  flags: CopyFlags,
  { signal }: CallOptions,
): Omit<CopyRunOptions, 'source' | 'destination' | 'emit'> {
  const {
    platforms,
    indexPlatform,
    indexOnly,
    referrers,
    digestTags,
    recheck,
    noClobber,
    preserveDigests,
    allowNondistributable,
  } = flags;
  const { concurrency } = context.flags;
  return {
    platforms,
    indexPlatform,
    indexOnly,
    referrers,
    digestTags,
    recheck,
    noClobber,
    preserveDigests,
    allowNondistributable,
    concurrency,
    signal,
  };
}

function rejectContradictions(flags: CopyFlags, input: Input): void {
  const { allTags, dryRun, additionalTags, digestFile } = flags;
  rejectTogether({ '--all-tags': allTags, '--additional-tag': additionalTags.length > 0 });
  rejectTogether({ '--all-tags': allTags, '--digestfile': digestFile !== undefined });
  rejectTogether({ '--dry-run': dryRun, '--digestfile': digestFile !== undefined });
  const filters = ['include', 'exclude', 'semver', 'newest', 'allow-empty', 'missing'];
  const given = filters.find((name) => isGiven(input, name));
  if (given === undefined || allTags) return;
  throw new AppError('USAGE', `--${given} chooses among tags and needs --all-tags`);
}

function isGiven(input: Input, option: string): boolean {
  const value =
    input.options[option.replace(/-(\w)/gu, (_, letter: string) => letter.toUpperCase())];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

type MultiArch = 'all' | 'system' | 'index-only';

/** Parses `--multi-arch`; a list of platforms is like `--platform`. @throws AppError USAGE */
function multiArchOf(input: Input): { readonly which?: MultiArch; readonly list?: string } {
  const text = readText(input, 'multiArch');
  if (text === undefined) return {};
  if (text.includes('/')) return { list: text };
  if (text === 'all' || text === 'system' || text === 'index-only') return { which: text };
  throw new AppError('USAGE', `--multi-arch takes all, system or index-only, not "${text}"`, {
    hint: 'Or name platforms: --multi-arch linux/amd64,linux/arm64',
  });
}

function platformsOf(context: FlagsContext, input: Input): readonly Platform[] {
  const { platform, override } = context.flags;
  const { which, list } = multiArchOf(input);
  const all = readFlag(input, 'all');
  rejectTogether({ '--all': all || which === 'all', '--platform': platform !== undefined });
  rejectTogether({
    '--all': all,
    [`--multi-arch ${which ?? list}`]: (which ?? list) !== undefined,
  });
  rejectTogether({
    [`--multi-arch ${list ?? 'index-only'}`]: which === 'index-only' || list !== undefined,
    '--platform': platform !== undefined,
  });
  const wanted = platform ?? list;
  if (wanted !== undefined) return parsePlatforms(wanted);
  // As in skopeo, a request for all platforms overrides `--override-…`.
  return override === undefined || which === 'system' || wantsAll(input) ? [] : [override];
}

/** Whether all platforms are requested explicitly, not by default. */
function wantsAll(input: Input): boolean {
  const { which } = multiArchOf(input);
  return readFlag(input, 'all') || which === 'all' || which === 'index-only';
}

/** `undefined` without a conversion. @throws AppError USAGE */
function conversionOf(input: Input): Conversion | undefined {
  const format = readText(input, 'format') as Conversion['format'];
  const decompress = readFlag(input, 'destDecompress');
  const compress = readText(input, 'destCompressFormat') as 'gzip' | 'zstd' | undefined;
  rejectTogether({
    '--dest-decompress': decompress,
    '--dest-compress-format': compress !== undefined,
  });
  const level = readInteger(input, 'destCompressLevel', '--dest-compress-level');
  const needing = {
    '--dest-compress-level': level !== undefined,
    '--dest-force-compress-format': readFlag(input, 'destForceCompressFormat'),
  };
  for (const [option, isSet] of Object.entries(needing)) {
    if (!isSet || compress !== undefined) continue;
    throw new AppError('USAGE', `${option} needs --dest-compress-format`, {
      hint: 'Add --dest-compress-format gzip or zstd.',
    });
  }
  const target = decompress ? 'none' : compress;
  if (format === undefined && target === undefined) return undefined;
  return {
    format,
    ...(target === undefined ? {} : { compression: { format: target, level } }),
  };
}

/** Docker's locations store images under full names. */
const TAKES_NAMES: ReadonlySet<string> = new Set(['docker-archive', 'docker-daemon']);

/** @throws AppError INVALID_REFERENCE */
function additionalTagsOf(input: Input, { scheme }: CopyLocations['to']): readonly string[] {
  return readList(input, 'additionalTag').map((name) => {
    if (TAKES_NAMES.has(scheme) && !isTag(name)) {
      const reference = withDefaultTag(parseReference(name));
      if (reference.digest === undefined) return familiarName(reference);
    }
    const tag = tagOfVersion(name);
    if (isTag(tag)) return tag;
    throw new AppError('INVALID_REFERENCE', `--additional-tag takes a tag, not "${tag}"`, {
      hint: 'Write only the tag, without the repository.',
    });
  });
}
