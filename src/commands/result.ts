import type { Bytes } from '../util/bytes.ts';

/** Styling of text output; every function is the identity when color is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
  /** Columns of the terminal; 80 where there is none. */
  readonly width: number;
  /** Whether stdout is a terminal. */
  readonly terminal: boolean;
}

/** What a command hands back; it never prints. `cli/output/result.ts` writes every form of it. */
export type Result = ValueResult | BytesResult | ListResult | LiveResult;

/** What all results may add. */
export interface ResultOptions {
  /** Exit status, 0 by default; a function is called when everything is written. */
  readonly exit?: number | (() => number);
  /** Output form when the user gave no `-o`; "text" by default. */
  readonly defaultOutput?: 'text' | 'json';
  /** Where the result goes, "stdout" by default; "stderr" when stdout carries an archive. */
  readonly stream?: 'stdout' | 'stderr';
}

/** A value and a way to print it: what most commands return. */
export interface ValueResult extends ResultOptions {
  readonly kind: 'value';
  /** For `-o json`, `--format` and `-o ndjson`, which writes one line per element of a list. */
  readonly json: unknown;
  readonly text: (style: Style) => string;
}

/** Content of any size as it is stored (manifest, config, blob). */
export interface BytesResult extends ResultOptions {
  readonly kind: 'bytes';
  readonly bytes: Bytes;
  /** The JSON form, made only when it is asked for. Without it `-o json` is a usage error. */
  readonly json?: () => unknown;
}

/** Names of any number, written as they arrive, so that memory stays flat. */
export interface ListResult extends ResultOptions {
  readonly kind: 'list';
  /** Members of the JSON object before the list: `{ "Repository": … }`. */
  readonly head: Readonly<Record<string, string>>;
  /** Name of the list in the JSON object. */
  readonly key: string;
  /** Starts the listing; called once, by the form of output that is asked for. */
  readonly items: () => AsyncIterable<string>;
}

/** A page for people who watch: it is written piece by piece while the command works. */
export interface LiveResult extends ResultOptions {
  readonly kind: 'live';
  /** Either this or `pieces` is called, once. */
  readonly json: () => Promise<unknown>;
  readonly pieces: (style: Style) => AsyncIterable<string>;
  /** For `-o ndjson`, instead of both: a value a line, as they come. */
  readonly values?: () => AsyncIterable<unknown>;
}
