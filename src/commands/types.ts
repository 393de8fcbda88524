import type { CallOptions } from '../util/abort.ts';
import type { Context } from './context.ts';
import type { Result } from './result.ts';

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** Takes all words that are left; only the last argument can. */
  readonly variadic?: boolean;
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
  /** Its heading in the help (default: "Options"). */
  readonly group?: string;
  /** Hidden from help (aliases kept for skopeo's users). */
  readonly hidden?: boolean;
}

/** Parsed arguments and options; option keys are camelCase without dashes ("noTags" is `tags: false` in commander, here `noTags: true`). */
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
  /** Shared options with a meaning here (default: those of a command that talks to registries). */
  readonly uses?: readonly SharedOptions[];
  /** More of them than the default. */
  readonly alsoUses?: readonly SharedOptions[];
  /** What other programs call an option: "--port" → "--listen". An error suggests ours. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** Whether the command takes `--src-…` and `--dest-…` connection options. */
  readonly hasSourceAndDestination?: boolean;
  /** Kept for users of another tool, and not in the list of commands. */
  readonly hidden?: boolean;
  /** What it prints is all that it does: where standard output is closed, it fails before it starts. */
  readonly printsResult?: boolean;
  /** May make hundreds of requests or move GiB: what pays only then may cost its start some time. */
  readonly longRunning?: boolean;
  readonly examples: readonly { readonly command: string; readonly description: string }[];
  /** Imported only when chosen. */
  load(): Promise<CommandModule>;
}
