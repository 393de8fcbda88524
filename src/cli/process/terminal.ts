import type { BeginWait } from '../../util/abort.ts';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Terminal } from '../../commands/context.ts';
import { collect } from '../../util/bytes.ts';
import { keepColumns, type Io } from '../io.ts';
import { stdinBytes } from './stdin.ts';

/** Asks questions on stderr, because stdout is for the result. */
export function createTerminal(io: Pick<Io, 'stdin' | 'stderr'>, beginWait?: BeginWait): Terminal {
  const isInteractive = (): boolean => io.stderr.isTTY === true && io.stdin.isTTY === true;
  const ask: Terminal['prompt'] = async (question, options = {}) => {
    if (!isInteractive()) {
      throw new AppError('USAGE', `cannot ask "${sanitize(question)}" without a terminal`);
    }
    return askLine(io, question, options);
  };
  return {
    get interactive() {
      return isInteractive();
    },
    prompt: ask,
    async confirm(question, options) {
      const answer = await ask(`${question} [y/N]`, options);
      return /^y(?:es)?$/iu.test(answer.trim());
    },
    async readStdin(limit, options = {}) {
      const bytes = await collect(
        stdinBytes(io.stdin, { ...options, beginWait }),
        limit,
        () => new AppError('USAGE', `standard input holds more than ${limit} bytes`),
      );
      return new TextDecoder().decode(bytes);
    },
  };
}

async function askLine(
  io: Pick<Io, 'stdin' | 'stderr'>,
  question: string,
  options: { hidden?: boolean; signal?: AbortSignal | undefined },
): Promise<string> {
  options.signal?.throwIfAborted();
  io.stderr.write(`${sanitize(question)} `);
  const hidden = options.hidden === true;
  // Readline disables the terminal's echo and writes the typed text to `output` instead.
  const output = hidden
    ? new Writable({ write: (_chunk, _encoding, done) => done() })
    : keepColumns(io.stderr);
  const reader = createInterface({ input: io.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('SIGINT', () => reject(new AppError('INTERRUPTED', 'interrupted')));
      reader.once('close', () => reject(new AppError('DECLINED', 'the question was not answered')));
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), {
        once: true,
      });
    });
  } finally {
    reader.close();
    if (hidden) io.stderr.write('\n');
  }
}
