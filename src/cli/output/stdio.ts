import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { OpenContext } from '../../transports/types.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Io } from '../io.ts';
import type { Writer } from './writer.ts';

/** What archives named "-" are read from and written to, and where they may leave what must wait. */
export type Stdio = Pick<OpenContext, 'stdin' | 'stdout' | 'tempDir'>;

/** Standard input is opened when it is first read, and can be read once. */
export function createStdio(io: Pick<Io, 'stdin' | 'stdout' | 'temp'>, stdout: Writer): Stdio {
  let taken = false;
  return {
    tempDir: io.temp,
    stdin(options) {
      if (taken) throw new AppError('USAGE', 'standard input can be read once only');
      const { stdin } = io;
      if (stdin.isTTY === true) {
        throw new AppError('USAGE', 'standard input is a terminal, not an archive', {
          hint: 'Pipe an archive in: docker save app | regctl copy docker-archive:- …',
        });
      }
      taken = true;
      return chunksOf(stdin, options);
    },
    async stdout(bytes) {
      if (io.stdout.isTTY === true) {
        throw new AppError('USAGE', 'an archive is not written to a terminal', {
          hint: 'Send it on: regctl copy … oci-archive:- > FILE, or name a file.',
        });
      }
      await stdout.write(bytes);
    },
  };
}

async function* chunksOf(stdin: Io['stdin'], options?: CallOptions): Bytes {
  const signal = options?.signal;
  signal?.throwIfAborted();
  // A pipe that never ends would hold the process after an interruption.
  const onAbort = (): void => void stdin.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
