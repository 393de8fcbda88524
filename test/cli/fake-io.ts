import { PassThrough, Writable } from 'node:stream';
import type { CommandGroup } from '../../src/commands/index.ts';
import type { Result, ValueResult } from '../../src/commands/result.ts';
import type { CommandModule, CommandSpec } from '../../src/commands/types.ts';
import type { Io, ServerSignal, StopSignal } from '../../src/cli/io.ts';

export interface Captured extends Writable {
  isTTY?: boolean;
  columns?: number;
  readonly text: () => string;
}

export function capture(tty = false): Captured {
  let text = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const terminal = tty ? { isTTY: true, columns: 100, ...cursorMethods(output) } : {};
  return Object.assign(output, terminal, { text: () => text });
}

/** What ora asks of a terminal. */
function cursorMethods(output: Writable): object {
  return {
    cursorTo: () => output.write('\u001b[1G'),
    moveCursor: () => output.write('\u001b[1A'),
    clearLine: () => output.write('\u001b[2K'),
  };
}

export interface FakeIo extends Io {
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly exits: number[];
  readonly kill: (signal: StopSignal) => void;
  /** Listeners that are still there. */
  readonly listening: () => number;
}

export function fakeIo(
  argv: readonly string[],
  options: { stdoutTty?: boolean; stderrTty?: boolean; env?: Io['env'] } = {},
): FakeIo {
  const listeners = new Map<StopSignal | ServerSignal, Set<() => void>>();
  const exits: number[] = [];
  return {
    argv,
    env: { CI: '1', ...options.env },
    cwd: '/nowhere',
    temp: '/nowhere/tmp',
    home: '/nowhere/home',
    stdin: new PassThrough(),
    stdout: capture(options.stdoutTty),
    stderr: capture(options.stderrTty),
    host: { platform: 'linux', arch: 'x64' },
    runtime: { node: '24.15.0', openssl: '3.5.0', path: '/nowhere', isExecutable: false },
    now: () => new Date('2026-02-01T00:00:00Z'),
    onSignal(signal, listener) {
      const set = listeners.get(signal) ?? new Set();
      listeners.set(signal, set.add(listener));
      return () => set.delete(listener);
    },
    exit: (status) => void exits.push(status),
    exits,
    kill: (signal) => listeners.get(signal)?.forEach((listener) => listener()),
    listening: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

export function spec(
  given: Partial<CommandSpec> & { run?: CommandModule['run'] | undefined },
): CommandSpec {
  const { run, ...rest } = given;
  return {
    name: 'tags',
    summary: 'List the tags',
    args: [],
    options: [],
    examples: [],
    load: async () => ({ run: run ?? (async () => result({})) }),
    ...rest,
  };
}

export function group(...commands: readonly CommandSpec[]): readonly CommandGroup[] {
  return [{ heading: 'Commands', commands }];
}

export function result(given: Partial<Omit<ValueResult, 'kind'>>): Result {
  return { kind: 'value', json: {}, text: () => '', ...given };
}

export function names(...items: readonly (string | Error)[]): Result {
  return { kind: 'list', head: {}, key: 'Tags', items: () => stream(...items) };
}

export async function* stream<T>(...items: readonly (T | Error)[]): AsyncGenerator<T> {
  for (const item of items) {
    if (item instanceof Error) throw item;
    yield item;
  }
}
