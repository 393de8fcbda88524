import type { CommandSpec, OptionSpec, SharedOptions } from '../../commands/types.ts';
import { FLAG_GROUPS, SIDED, type FlagGroup } from './flag-groups.ts';

/** Groups that a command uses by default: those for commands that talk to registries. */
const REGISTRY_OPTIONS: readonly SharedOptions[] = [
  'login',
  'files',
  'tls',
  'local',
  'mirrors',
  'network',
];

/** The groups that a command uses; every command uses `output`. */
export function usedGroups(spec: CommandSpec): readonly FlagGroup[] {
  const ids = new Set<SharedOptions>([
    ...(spec.uses ?? REGISTRY_OPTIONS),
    ...(spec.alsoUses ?? []),
    'output',
  ]);
  return FLAG_GROUPS.filter(({ id }) => ids.has(id));
}

/** Whether a command uses an option of `GLOBAL_FLAGS`; always accepts skopeo's hidden ones. */
export function isUsed(spec: CommandSpec, flag: OptionSpec): boolean {
  return flag.hidden === true || usedGroups(spec).some(({ flags }) => flags.includes(flag));
}

const SIDES = [
  { prefix: 'src', of: 'the source' },
  { prefix: 'dest', of: 'the destination' },
] as const;

/** `--creds <u>` → `--src-creds <u>` and `--dest-creds <u>`. */
export const SIDE_FLAGS: readonly OptionSpec[] = SIDES.flatMap(({ prefix, of }) =>
  SIDED.map((flag) => ({
    ...flag,
    flags: flag.flags.replace(/^--/u, `--${prefix}-`),
    summary: `${flag.summary}: for ${of}`,
  })),
);

export const GLOBAL_FLAGS: readonly OptionSpec[] = FLAG_GROUPS.flatMap((group) => group.flags);

/** `--no-tags` of "-n, --no-tags"; `undefined` if there is only a short form. */
export function longName(flags: string): string | undefined {
  return /--[\w-]+/u.exec(flags)?.[0];
}

/** `-n` of "-n, --no-tags". */
export function shortName(flags: string): string | undefined {
  return /(?:^|[\s,])(-\w)\b/u.exec(flags)?.[1];
}

/**
 * The shared options that `spec` accepts after its name. Its own options take precedence, such as
 * skopeo's `--format` of `copy`; before the command's name, the shared option keeps its meaning.
 */
export function sharedFlags(spec: CommandSpec): readonly OptionSpec[] {
  const longs = new Set(spec.options.map((option) => longName(option.flags)));
  const shorts = new Set(spec.options.map((option) => shortName(option.flags)));
  const used = GLOBAL_FLAGS.filter((flag) => isUsed(spec, flag));
  return [...used, ...(spec.hasSourceAndDestination === true ? SIDE_FLAGS : [])]
    .filter((flag) => !longs.has(longName(flag.flags)))
    .map((flag) =>
      shorts.has(shortName(flag.flags)) && shortName(flag.flags) !== undefined
        ? { ...flag, flags: flag.flags.replace(/^-\w,\s*/u, '') }
        : flag,
    );
}

/** `--no-tags` → `noTags` */
export function camelCase(flag: string): string {
  return flag
    .replace(/^-+/u, '')
    .replace(/-(\w)/gu, (_dash, letter: string) => letter.toUpperCase());
}
