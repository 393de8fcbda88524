import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A program on a terminal of its own. */
export interface PtyRun {
  /** What it has printed. */
  output(): string;
  /** Resolves when the output has `text`, or the program has ended. */
  untilPrinted(text: string): Promise<void>;
  resize(columns: number, rows: number): void;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>;
}

/** More than any short run prints: the program is killed, and counts as one that never ends. */
const MAX_OUTPUT = 512 * 1024;

/** Needs python3, whose standard library knows terminals. */
export function runOnTerminal(
  argv: readonly string[],
  options: {
    readonly columns: number;
    readonly rows: number;
    readonly env: Readonly<Record<string, string>>;
  },
): PtyRun {
  const script = join(import.meta.dirname, 'on-terminal.py');
  const child = spawn('python3', [script, String(options.columns), String(options.rows), ...argv], {
    env: { TERM: 'xterm', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.length > MAX_OUTPUT) child.kill('SIGKILL');
    wake();
  });
  let over = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      over = true;
      wake();
      resolve(code);
    });
  });
  return {
    output: () => output,
    untilPrinted: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!over && !output.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    resize: (columns, rows) => void child.stdin.write(`size ${columns} ${rows}\n`),
    signal: (name) => void child.stdin.write(`signal ${name}\n`),
    ended,
  };
}
