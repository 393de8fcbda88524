import type { CopyEvent } from '../../copy/types.ts';
import type { OutputStream } from '../io.ts';
import type { Writer } from '../output/writer.ts';

/** Shows the progress of a copy. */
export interface Progress {
  emit(event: CopyEvent): void;
  /** Restores the terminal; prints the total if `ok`. */
  close(ok: boolean): void;
}

export interface ProgressOptions {
  readonly stderr: OutputStream;
  readonly now: () => Date;
  /** Sanitizes and writes one line. */
  readonly writeLine: (line: string) => void;
  readonly colour: boolean;
}

/** The output of a form of progress that replaces the result. */
export interface WithStdout {
  readonly stdout: Pick<Writer, 'write'>;
}
