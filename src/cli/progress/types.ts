import type { CopyEvent } from '../../copy/types.ts';
import type { OutputStream } from '../io.ts';
import type { Writer } from '../output/writer.ts';

/** What watches a copy. */
export interface Progress {
  emit(event: CopyEvent): void;
  /** Puts the terminal back; with the total when `ok`. */
  close(ok: boolean): void;
}

export interface ProgressOptions {
  readonly stderr: OutputStream;
  readonly now: () => Date;
  /** Writes one line, sanitised. */
  readonly writeLine: (line: string) => void;
  readonly colour: boolean;
}

/** What a form of progress that replaces the result writes to. */
export interface WithStdout {
  readonly stdout: Pick<Writer, 'write'>;
}
