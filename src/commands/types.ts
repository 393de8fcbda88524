import type { CallOptions } from '../util/abort.ts';
import type { Context } from './context.ts';
import type { Result } from './result.ts';

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** The words that it takes, for completion. */
  readonly choices?: readonly string[];
  /** Takes all remaining words; only the last argument can. */
  readonly variadic?: boolean;
  /** False if it is no image, though the command copies between places. */
  readonly isImage?: false;
}

/** Groups of options that several commands share (`cli/args/flags.ts`). */
export type SharedOptions =
  | 'login'
  | 'files'
  | 'tls'
  | 'local'
  | 'policy'
  | 'mirrors'
  | 'network'
  | 'parallel'
  | 'platform'
  | 'output';

export interface OptionSpec {
  /** Commander syntax: "-n, --no-tags", "--limit <n>", "--tls-verify [bool]". */
  readonly flags: string;
  readonly summary: string;
  readonly kind: 'flag' | 'string' | 'integer' | 'list' | 'boolean';
  readonly choices?: readonly string[];
  /** Heading in the help. Default: "Options". */
  readonly group?: string;
  /** Hides it from the help, as for aliases that skopeo's users need. */
  readonly hidden?: boolean;
}

/** Parsed arguments and options; keys in camelCase (`--no-tags` is `noTags: true`). */
export interface Input {
  readonly args: readonly string[];
  readonly options: Readonly<
    Record<string, string | number | boolean | readonly string[] | undefined>
  >;
}

export interface CommandModule {
  run(context: Context, input: Input, options: CallOptions): Promise<Result>;
}

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Shared options that apply. Default: those of a command that talks to registries. */
  readonly uses?: readonly SharedOptions[];
  /** Shared options in addition to the default. */
  readonly alsoUses?: readonly SharedOptions[];
  /** Values of shared options that are not given, instead of the usual ones. */
  readonly sharedDefaults?: Readonly<Record<string, string | number>>;
  /** Option names of other programs: "--port" → "--listen". An error suggests regctl's. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** Whether the command takes `--src-…` and `--dest-…` connection options. */
  readonly hasSourceAndDestination?: boolean;
  /** Hides a command for users of another tool from the list of commands. */
  readonly hidden?: boolean;
  /** Whether it only prints: then it fails before it starts if standard output is closed. */
  readonly printsResult?: boolean;
  /** How long it may go on after an interrupt, in milliseconds. Default: 1800. */
  readonly graceMs?: (args: readonly string[]) => number | undefined;
  /**
   * Options with which it may send thousands of requests, or true: then undici sends all of them,
   * and V8's flags that save memory are set before the heap grows.
   */
  readonly manyRequests?: true | readonly string[];
  /** Reads layers to their end: V8's flags are set at once, for little memory and large buffers. */
  readonly readsLayers?: boolean;
  readonly examples: readonly { readonly command: string; readonly description: string }[];
  /** Imported only when chosen. */
  load(): Promise<CommandModule>;
}
