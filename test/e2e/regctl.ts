import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run, type Finished, type RunOptions } from '../helpers/commands.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { canRunIn, runInProcess } from './in-process.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

/** A person's machine: its own home, no configuration but what the test writes. */
export interface Machine extends AsyncDisposable {
  readonly dir: TempDir;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  regctl(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The same, expecting an exit status; on a surprise the message shows what was printed. */
  expect(status: number, args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** `expect(0)` with `-o json`, parsed. */
  json(args: readonly string[], options?: RunOptions): Promise<unknown>;
  /** `-o json` that must fail with `status`; resolves to the error object. */
  jsonError(status: number, args: readonly string[], options?: RunOptions): Promise<JsonError>;
}

export interface JsonError {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly hint?: string;
  readonly details?: unknown;
  readonly exit: number;
}

/**
 * `inProcess` (default): regctl runs from its sources inside the test's process, a fraction of the
 * cost of a process, unless a run has `onStart` or NODE_OPTIONS. `program`: always the built program.
 */
export async function newMachine(mode: 'inProcess' | 'program' = 'inProcess'): Promise<Machine> {
  const dir = await tempDir();
  const home = dir.join('home');
  await Promise.all([mkdir(home), mkdir(dir.join('run'), { mode: 0o700 })]);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_CONFIG_HOME: dir.join('xdg'),
    XDG_CACHE_HOME: dir.join('cache'),
    XDG_RUNTIME_DIR: dir.join('run'),
    TMPDIR: dir.path,
    LANG: 'C.UTF-8',
  };
  const regctl: Machine['regctl'] = (args, options = {}) => {
    const whole = { cwd: dir.path, ...options, env: { ...env, ...options.env } };
    const inProcess =
      mode === 'inProcess' &&
      options.onStart === undefined &&
      !('NODE_OPTIONS' in whole.env) &&
      canRunIn(whole.cwd);
    return inProcess ? runInProcess(args, whole) : run(process.execPath, [BIN, ...args], whole);
  };
  const expectStatus: Machine['expect'] = async (status, args, options) => {
    const done = await regctl(args, options);
    expect(done.code, `regctl ${args.join(' ')}\n${done.stdout}\n${done.stderr}`).toBe(status);
    return done;
  };
  return {
    dir,
    home,
    env,
    regctl,
    expect: expectStatus,
    async json(args, options) {
      const done = await expectStatus(0, ['-o', 'json', ...args], options);
      return JSON.parse(done.stdout) as unknown;
    },
    async jsonError(status, args, options) {
      const done = await expectStatus(status, ['-o', 'json', ...args], options);
      const { error } = JSON.parse(done.stdout) as { error: JsonError };
      expect(error.exit).toBe(status);
      return error;
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
