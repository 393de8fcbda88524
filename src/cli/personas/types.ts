import type { Machine } from '../../client/types.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { Platform } from '../../oci/platform.ts';

/** A parsed line of another tool, for rules that look at more than one word. */
export interface Line {
  /** The words after the verb that are not options. */
  readonly args: readonly string[];
  /** Keyed by the long name without dashes: "multi-arch". */
  readonly has: (option: string) => boolean;
  /** The last value of an option. */
  readonly value: (option: string) => string | undefined;
  /** All values of an option, in their order. */
  readonly values: (option: string) => readonly string[];
  readonly machine: Pick<Machine, 'env' | 'home' | 'os' | 'uid'> & { readonly platform: Platform };
}

/**
 * How an option is translated:
 * - a string: our option, with the same value;
 * - a list: our words, with `{}` for the value;
 * - `ignored`: accepted without effect, with the reason (listed in docs/guides/from-….md);
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
  /** The tool's own words: "copy", "manifest fetch". */
  readonly words: string;
  readonly aliases?: readonly string[];
  /** Our command. */
  readonly to: readonly string[];
  /** A different command of ours, where that depends on the line. */
  readonly toFor?: (line: Line) => readonly string[];
  readonly options: OptionRules;
  /** Our words for the tool's defaults; an option in the line overrides them. */
  readonly defaults?: (line: Line) => readonly string[];
  /** Our arguments. @throws AppError USAGE */
  readonly args?: (line: Line) => readonly string[];
  /** What the verb prints, if it needs no command of ours. @throws AppError USAGE */
  readonly text?: (line: Line) => string;
  /** Printed to standard output in place of our text. */
  readonly prints?: (line: Line) => Prints;
}

export interface Prints {
  readonly nothing?: boolean;
  /** Progress and notes are for a terminal only. */
  readonly quietly?: boolean;
  /** The result goes to this file. */
  readonly file?: string | undefined;
  /** Printed during a copy, in place of progress and result. */
  readonly transcript?: boolean;
  /** The JSON members to print, in this order; missing ones are left out. */
  readonly members?: readonly string[];
}

/** A verb that regctl lacks, and what to use instead. */
export interface Missing {
  readonly words: string;
  readonly use: string;
}

/** A tool whose command lines regctl accepts under its name. */
export interface Persona {
  readonly name: string;
  /** Standard output of `--version`, or of the verb `version`. */
  readonly version: string;
  readonly hasVersionVerb?: boolean;
  readonly verbs: readonly Verb[];
  readonly missing?: readonly Missing[];
  /** Options of every verb, which may also precede it. */
  readonly options: OptionRules;
  /** The tool's exit status for our error code; `failure` for a code without a row. */
  readonly exits: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly failure: number;
  /** Words that the tool's scripts look for in an error, where ours differ. */
  readonly words?: Readonly<Partial<Record<ErrorCode, (error: Reported) => string>>>;
}

/** An error as far as a tool words it differently. */
export interface Reported {
  readonly code: string;
  readonly reason: string | undefined;
  readonly exit: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** How a line is run and reported. */
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
