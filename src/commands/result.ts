import type { Bytes } from '../util/bytes.ts';

/** Styles for text output; every function is the identity if color is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
  /** Text that leads to a URL, if the terminal has links. */
  readonly link: (text: string, url: URL) => string;
  /** Columns of the terminal; 80 without a terminal. */
  readonly width: number;
  /** Whether stdout is a terminal. */
  readonly terminal: boolean;
}

/** What a command returns instead of printing; `cli/output/result.ts` writes it. */
export type Result = ValueResult | BytesResult | ListResult | LiveResult;

/** Options of every result. */
export interface ResultOptions {
  /** Exit status. Default: 0. A function is called after everything is written. */
  readonly exit?: number | (() => number);
  /** Output format without `-o`. Default: "text". */
  readonly defaultOutput?: 'text' | 'json';
  /** Default: "stdout"; "stderr" if an archive is written to stdout. */
  readonly stream?: 'stdout' | 'stderr';
}

/** A value and its text form: what most commands return. */
export interface ValueResult extends ResultOptions {
  readonly kind: 'value';
  /** For `-o json`, `--format` and `-o ndjson`, which prints one line per element of a list. */
  readonly json: unknown;
  readonly text: (style: Style) => string;
}

/** Stored bytes of any size (manifest, config, blob). */
export interface BytesResult extends ResultOptions {
  readonly kind: 'bytes';
  readonly bytes: Bytes;
  /** Refused on a terminal. */
  readonly isArchive?: boolean;
  /** Computes the JSON form on demand. If absent, `-o json` is a usage error. */
  readonly json?: () => unknown;
}

/** Any number of names, written as they arrive, so that memory use stays constant. */
export interface ListResult extends ResultOptions {
  readonly kind: 'list';
  /** Members of the JSON object before the list: `{ "Repository": … }`. */
  readonly head: Readonly<Record<string, string>>;
  /** Name of the list in the JSON object. */
  readonly key: string;
  /** Starts the listing; called once. */
  readonly items: () => AsyncIterable<string>;
}

/** Output that is written piece by piece while the command runs. */
export interface LiveResult extends ResultOptions {
  readonly kind: 'live';
  /** Either this or `pieces` is called once. */
  readonly json: () => Promise<unknown>;
  readonly pieces: (style: Style) => AsyncIterable<string>;
  /** Called instead of both for `-o ndjson`: one line per value, as they arrive. */
  readonly values?: () => AsyncIterable<unknown>;
}
