import type { Machine } from '../../client/types.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { Platform } from '../../oci/platform.ts';

/** What the line of another tool said, for rules that look at more than one word. */
export interface Line {
  /** Words that are no options, after the verb. */
  readonly args: readonly string[];
  /** By the long name without dashes: "multi-arch". */
  has(option: string): boolean;
  /** The last value of an option. */
  value(option: string): string | undefined;
  readonly machine: Pick<Machine, 'env' | 'home' | 'os' | 'uid'> & { readonly platform: Platform };
}

/**
 * What becomes of an option:
 * - a string: our option, which takes what this one takes;
 * - a list: our words, `{}` standing for the value;
 * - `ignored`: accepted without effect, and why (docs/from-….md lists it);
 * - `refused`: wrong usage, with what to use instead;
 * - a function: our words for this value. @throws AppError USAGE
 */
export type OptionRule =
  | string
  | readonly string[]
  | { readonly ignored: string }
  | { readonly refused: string }
  | ((value: string, line: Line) => readonly string[]);

/** By the tool's own spelling: "-f, --format <type>", "--tls-verify [bool]", "-a, --all". */
export type OptionRules = Readonly<Record<string, OptionRule>>;

export interface Verb {
  /** As the tool has it: "copy", "manifest fetch". */
  readonly words: string;
  readonly aliases?: readonly string[];
  /** Our command. */
  readonly to: readonly string[];
  /** Another one, where that depends on the line. */
  readonly toFor?: (line: Line) => readonly string[];
  readonly options: OptionRules;
  /** Words of ours that the tool means without their being written; an option of the line outranks them. */
  readonly defaults?: (line: Line) => readonly string[];
  /** Our arguments. @throws AppError USAGE */
  readonly args?: (line: Line) => readonly string[];
  /** What goes to standard output in place of our text. */
  readonly prints?: (line: Line) => Prints;
}

export interface Prints {
  readonly nothing?: boolean;
  /** The result goes to this file. */
  readonly file?: string | undefined;
  /** The lines of a copy as it goes on, in place of progress and result. */
  readonly transcript?: boolean;
  /** These members of the JSON only, in this order; a member that is missing is left out. */
  readonly members?: readonly string[];
}

/** A verb that is not here, and what to use. */
export interface Missing {
  readonly words: string;
  readonly use: string;
}

/** A tool whose lines regctl takes under its name. */
export interface Persona {
  readonly name: string;
  /** Standard output of `--version`, or of the verb `version`. */
  readonly version: string;
  readonly hasVersionVerb?: boolean;
  readonly verbs: readonly Verb[];
  readonly missing?: readonly Missing[];
  /** Options of every verb, also before it. */
  readonly options: OptionRules;
  /** Its exit status for a code of ours; a failure without a row is `failure`. */
  readonly exits: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly failure: number;
  /** What its scripts look for in an error, where our words are others. */
  readonly words?: Readonly<Partial<Record<ErrorCode, string>>>;
}

/** How what the line asked for is run and reported. */
export interface Manner {
  readonly name: string;
  readonly exits: Persona['exits'];
  /** Undefined: our own statuses. */
  readonly failure: number | undefined;
  readonly words: Persona['words'];
  readonly prints: Prints;
}

export type Rewritten =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'run'; readonly argv: readonly string[]; readonly manner: Manner };
