import { join } from 'node:path';
import { homeFolder } from '../../config/files/home.ts';
import { cacheFolder, isCacheEnabled } from '../../config/files/user-folders.ts';
import type { endProcess, processIo } from '../io.ts';
import type { main } from '../main.ts';
import { readCode, writeCode, type CodeFile } from './compiled-code.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { type BundleChunks, createBundleChunks } from './pieces.ts';
import { createTuning } from './tune.ts';

export interface StartOptions {
  readonly process: NodeJS.Process;
  /** Loads Node's modules and packages. */
  readonly require: (name: string) => unknown;
  /** The directory of the bundle. */
  readonly folder: string;
  /** Hash of the bundle. */
  readonly build: string;
  /** The names of the commands. */
  readonly commands: readonly string[];
}

type Program = {
  readonly main: typeof main;
  readonly processIo: typeof processIo;
  readonly endProcess: typeof endProcess;
};

const NO_CODE = { get: () => undefined, pieces: [] };

/** Runs the bundled program and sets the exit status. Never rejects: `main` reports its errors. */
export async function start(options: StartOptions): Promise<void> {
  const { process } = options;
  try {
    await run(options);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.on('error', () => undefined);
    const cause = error instanceof Error ? error.message : String(error);
    const title = `error: cannot start regctl: ${cause.split('\n', 1)[0]}`;
    process.stderr.write(`${title}\n  hint: Install regctl again.\n`);
  }
}

/** Runs the program with the compiled code of an earlier run, and stores it if it changed. */
async function run(options: StartOptions): Promise<void> {
  const { process, require: load, folder } = options;
  const file = codeFile(options);
  const compiled = file === undefined ? NO_CODE : readCode(file);
  const chunks = createBundleChunks({
    folder,
    compiled,
    require: lazyBuiltins(load),
    import: async (name): Promise<unknown> => import(name),
  });
  const tuning = createTuning(process.versions.node);
  const program = chunks.load('regctl.cjs') as Program;
  const onLongRun = (): void => {
    chunks.settle();
    // Every long-running command uses it, and it loads slower under the tuned flags.
    load('node:fs/promises');
    tuning.tune();
  };
  const status = await program.main(
    program.processIo(process, { onLongRun, onLarge: tuning.large }),
  );
  process.exitCode = status;
  if (file !== undefined && status === 0 && hasUncompiledChunks(chunks)) {
    tuning.undo();
    writeCode(file, codeOf(chunks, compiled));
  }
  // Everything is written, so an open connection must not keep the process alive.
  setTimeout(() => program.endProcess(process, status), 1000).unref();
}

/** One file per command, as each uses different functions; `undefined` if the cache is off. */
function codeFile({ process, build, commands }: StartOptions): CodeFile | undefined {
  const command = process.argv.slice(2).find((word) => commands.includes(word));
  if (command === undefined || !isCacheEnabled(process.env)) return undefined;
  const folder = cacheFolder(process.env, homeFolder(process));
  if (folder === undefined) return undefined;
  const { version, arch, platform } = process;
  const key = `${build} ${version} ${platform} ${arch}`;
  return { path: join(folder, 'code', command), key, uid: process.geteuid?.() };
}

function hasUncompiledChunks({ loaded }: BundleChunks): boolean {
  return [...loaded.values()].some(({ ready }) => !ready);
}

/** The compiled code of the loaded chunks, and stored code that this run did not need. */
function codeOf(
  { loaded }: BundleChunks,
  compiled: ReturnType<typeof readCode>,
): ReadonlyMap<string, Buffer> {
  const code = new Map<string, Buffer>();
  for (const piece of compiled.pieces) code.set(piece, compiled.get(piece) ?? Buffer.alloc(0));
  for (const [piece, { script }] of loaded) code.set(piece, script.createCachedData());
  return code;
}
