import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseDigest, type Digest } from '../../oci/digest.ts';
import type { MaxDelete } from '../../retention/plan.ts';
import type { RuleWords } from '../../retention/rules.ts';
import type { Context } from '../context.ts';
import { readFlag, readInteger, readList, readText } from '../input/read.ts';
import type { Input } from '../types.ts';

/** The part of the context that the command uses. */
export type PruneContext = Pick<
  Context,
  | 'cwd'
  | 'emit'
  | 'flags'
  | 'locate'
  | 'note'
  | 'now'
  | 'openRead'
  | 'openWrite'
  | 'reference'
  | 'registry'
  | 'terminal'
  | 'warn'
>;

/** Reads the rules of the command line. @throws AppError USAGE */
export function readRuleWords(input: Input): RuleWords {
  const count = (name: string, option: string): number | undefined =>
    readInteger(input, name, option);
  return {
    keep: count('keep', '--keep'),
    keepPer: readText(input, 'keepPer'),
    keepTag: readList(input, 'keepTag'),
    keepSemver: readText(input, 'keepSemver'),
    keepWithin: readText(input, 'keepWithin'),
    keepPulledWithin: readText(input, 'keepPulledWithin'),
    keepDaily: count('keepDaily', '--keep-daily'),
    keepWeekly: count('keepWeekly', '--keep-weekly'),
    keepMonthly: count('keepMonthly', '--keep-monthly'),
    keepYearly: count('keepYearly', '--keep-yearly'),
    tag: readList(input, 'tag'),
    semver: readText(input, 'semver'),
    olderThan: readText(input, 'olderThan'),
    prerelease: readFlag(input, 'prerelease'),
    untagged: readFlag(input, 'untagged'),
    orphans: readFlag(input, 'orphans'),
    broken: readFlag(input, 'broken'),
    grace: readText(input, 'grace'),
    sort: readText(input, 'sort') as RuleWords['sort'],
    clock: readText(input, 'clock') as RuleWords['clock'],
    assumeCreated: readFlag(input, 'assumeCreated'),
  };
}

/** Parses "50%" or "20". @throws AppError USAGE */
export function readMaxDelete(input: Input): MaxDelete | undefined {
  const text = readText(input, 'maxDelete');
  if (text === undefined) return undefined;
  const match = /^(\d{1,9})(%?)$/u.exec(text);
  const count = Number(match?.[1]);
  const percent = match?.[2] === '%';
  if (match !== null && (!percent || count <= 100)) return { count, percent };
  throw new AppError(
    'USAGE',
    `--max-delete takes a number or a percentage, not "${sanitize(text)}"`,
    {
      hint: 'For example 20, or 50%.',
    },
  );
}

/** @throws AppError INVALID_DIGEST */
export function readProtectedDigests(input: Input): ReadonlySet<Digest> {
  return new Set(readList(input, 'protectDigest').map(parseDigest));
}
