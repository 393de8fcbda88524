import { AppError } from '../../errors/app-error.ts';
import type { OpenContext } from '../../transports/types.ts';
import type { BeginWait } from '../../util/abort.ts';
import type { Io } from '../io.ts';
import { stdinBytes } from '../process/stdin.ts';
import { closedOutputError, type Writer } from './writer.ts';

/** Streams for archives named "-", and a directory for temporary data. */
export type Stdio = Pick<OpenContext, 'stdin' | 'stdout' | 'tempDir'>;

export interface StdioOptions {
  readonly tempDir?: string | undefined;
  readonly beginWait?: BeginWait | undefined;
}

/** Opens standard input at the first read; it can be read only once. */
export function createStdio(
  io: Pick<Io, 'stdin' | 'stdout' | 'temp' | 'isOutputClosed'>,
  stdout: Writer,
  { tempDir = io.temp, beginWait }: StdioOptions = {},
): Stdio {
  let taken = false;
  return {
    tempDir,
    stdin(options) {
      if (taken) throw new AppError('USAGE', 'standard input can be read only once');
      const { stdin } = io;
      if (stdin.isTTY === true) {
        throw new AppError('USAGE', 'standard input is a terminal, not an archive', {
          hint: 'Pipe an archive in: docker save app | regctl copy docker-archive:- …',
        });
      }
      taken = true;
      return stdinBytes(stdin, { signal: options?.signal, beginWait });
    },
    async stdout(bytes) {
      if (io.stdout.isTTY === true) {
        throw new AppError('USAGE', 'an archive is not written to a terminal', {
          hint: 'Send it on: regctl copy … oci-archive:- > FILE, or name a file.',
        });
      }
      if (!stdout.started && io.isOutputClosed?.() === true) throw closedOutputError();
      await stdout.write(bytes);
    },
  };
}
