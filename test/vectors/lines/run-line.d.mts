/** A line of another tool, and what holds after it. */
export interface Line {
  readonly suite: 'regclient' | 'crane' | 'skopeo' | 'oras' | 'podman';
  readonly id: string;
  readonly contract: 'alias' | 'same' | 'translated' | 'open';
}

export interface CallOptions {
  /** The name by which the program is called. */
  readonly program: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
}

export interface Called {
  readonly exit: number | null;
  readonly out: Buffer;
  readonly err: string;
}

export interface RunLineOptions {
  /** Directory of what the line leaves behind. */
  readonly base: string;
  readonly call: (words: readonly string[], options: CallOptions) => Promise<Called>;
  /** The tool's own words, under its own name; else the line of ours where there is one. */
  readonly original: boolean;
}

/** What does not hold: empty where the line is right. */
export function runLine(line: Line, options: RunLineOptions): Promise<readonly string[]>;
