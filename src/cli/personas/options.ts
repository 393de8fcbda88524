import { AppError } from '../../errors/app-error.ts';
import { shortName } from '../args/flags.ts';
import { longName } from './tables.ts';
import type { Line, OptionRule, OptionRules } from './types.ts';

/** An option that a tool has. */
export interface Option {
  /** As written in the table. */
  readonly spelling: string;
  /** The long name without dashes, or the letter if there is no long name. */
  readonly name: string;
  readonly takes: 'value' | 'boolean' | 'nothing';
  readonly rule: OptionRule;
}

/** An option that a line gives. */
export interface GivenOption {
  readonly option: Option;
  /** Absent for an option without a value. */
  readonly value: string | undefined;
}

export type OptionIndex = ReadonlyMap<string, Option>;

/** Keyed by `--name` and by `-n`. */
export function indexOptions(...tables: readonly OptionRules[]): OptionIndex {
  const index = new Map<string, Option>();
  for (const [spelling, rule] of tables.flatMap((table) => Object.entries(table))) {
    const long = longName(spelling);
    const short = shortName(spelling);
    const takes = /<.+>$/u.test(spelling)
      ? 'value'
      : spelling.endsWith('[bool]')
        ? 'boolean'
        : 'nothing';
    const option = {
      spelling,
      name: (long ?? short ?? '').replace(/^-+/u, ''),
      takes,
      rule,
    } as const;
    for (const name of [long, short]) if (name !== undefined) index.set(name, option);
  }
  return index;
}

/** The words of a line, in Go's grammar of options (pflag): `--name=value`, `-nvalue`, `-ab`. */
export interface ParsedWords {
  readonly given: readonly GivenOption[];
  readonly args: readonly string[];
}

/** @throws AppError USAGE for an option that the table does not have */
export function parseWords(
  words: readonly string[],
  index: OptionIndex,
  tool: string,
): ParsedWords {
  const given: GivenOption[] = [];
  const args: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return { given, args: [...args, ...words.slice(at + 1)] };
    if (word === '-' || !word.startsWith('-')) {
      args.push(word);
      continue;
    }
    const found = readWord(word, index, tool);
    given.push(...found.given);
    if (found.wants === undefined) continue;
    at += 1;
    const value = words[at];
    if (value === undefined) {
      throw new AppError('USAGE', `${found.wants.spelling} of ${tool} needs a value`);
    }
    given.push({ option: found.wants, value });
  }
  return { given, args };
}

interface ReadWord {
  readonly given: readonly GivenOption[];
  /** Consumes the next word. */
  readonly wants?: Option;
}

function readWord(word: string, index: OptionIndex, tool: string): ReadWord {
  const [, name = '', value] = /^(--?[^=]*)(?:=(.*))?$/su.exec(word) ?? [];
  const whole = index.get(name);
  if (whole !== undefined) {
    if (value === undefined)
      return whole.takes === 'value'
        ? { given: [], wants: whole }
        : { given: [{ option: whole, value: undefined }] };
    return { given: [{ option: whole, value }] };
  }
  if (word.startsWith('--')) throw unknown(name, tool);
  return readCluster(word, index, tool);
}

/** `-qa` is two options, `-fjson` one with its value. */
function readCluster(word: string, index: OptionIndex, tool: string): ReadWord {
  const given: GivenOption[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const option = index.get(`-${word[at] ?? ''}`);
    if (option === undefined) throw unknown(`-${word[at] ?? ''}`, tool);
    const rest = word.slice(at + 1);
    if (option.takes !== 'value') {
      given.push({ option, value: undefined });
      continue;
    }
    if (rest === '') return { given, wants: option };
    return { given: [...given, { option, value: rest.replace(/^=/u, '') }] };
  }
  return { given };
}

/** Our words for the options of a line. @throws AppError USAGE for a refused option */
export function ourOptions(
  given: readonly GivenOption[],
  line: Line,
  tool: string,
): readonly string[] {
  return given.flatMap(({ option, value }) => {
    const { rule, takes, spelling } = option;
    if (takes === 'nothing' && isFalse(value, spelling, tool)) return [];
    if (typeof rule === 'string') return [withValue(rule, takes === 'nothing' ? undefined : value)];
    if (Array.isArray(rule)) {
      if (takes !== 'value' && isFalse(value, spelling, tool)) return [];
      return (rule as readonly string[]).map((word) => word.replaceAll('{}', value ?? ''));
    }
    if (typeof rule === 'function') return rule(value ?? 'true', line);
    if ('refused' in rule) {
      if (takes !== 'value' && isFalse(value, spelling, tool)) return [];
      throw new AppError(
        'USAGE',
        `regctl does not take ${longName(spelling) ?? spelling} of ${tool}`,
        {
          hint: rule.refused,
        },
      );
    }
    return [];
  });
}

const withValue = (name: string, value: string | undefined): string =>
  value === undefined ? name : `${name}=${value}`;

function isFalse(value: string | undefined, spelling: string, tool: string): boolean {
  if (value === undefined || /^(?:true|t|1)$/iu.test(value)) return false;
  if (/^(?:false|f|0)$/iu.test(value)) return true;
  throw new AppError(
    'USAGE',
    `${tool}: ${longName(spelling) ?? spelling} is true or false, not "${value}"`,
  );
}

/** Only the name is shown: the value after "=" may be a secret. */
function unknown(name: string, tool: string): AppError {
  return new AppError('USAGE', `unknown option "${name}" of ${tool}`);
}
