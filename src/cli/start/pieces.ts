import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** V8's compiled code of the chunks of the bundle. */
export interface CompiledChunks {
  /** `undefined` if the chunk must be compiled. */
  get(piece: string): Buffer | undefined;
}

export interface ChunkOptions {
  /** The directory of the bundle. */
  readonly folder: string;
  readonly compiled: CompiledChunks;
  /** Loads anything other than a chunk: Node's modules and packages. */
  readonly require: (name: string) => unknown;
  /** The same with `import()`, which a chunk calls as `require.import`. */
  readonly import: (name: string) => Promise<unknown>;
}

export interface BundleChunks {
  /** Returns the exports of a chunk, which runs at its first load. */
  load(piece: string): unknown;
  /** Call before V8's flags change: chunks loaded later neither use nor provide compiled code. */
  settle(): void;
  /** The chunks that were loaded before `settle`. */
  readonly loaded: ReadonlyMap<string, LoadedChunk>;
}

export interface LoadedChunk {
  readonly script: Script;
  /** Whether usable compiled code was found. */
  readonly ready: boolean;
}

type Inside = ((name: string) => unknown) & Pick<ChunkOptions, 'import'>;

type Wrapper = (
  exports: object,
  require: Inside,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/** Runs the bundle's CommonJS files (only ASCII) like Node's loader, but with compiled code. */
export function createBundleChunks({ folder, compiled, ...node }: ChunkOptions): BundleChunks {
  const modules = new Map<string, { exports: object }>();
  const loaded = new Map<string, LoadedChunk>();
  let settled = false;

  const load = (piece: string): object => {
    const existing = modules.get(piece);
    if (existing !== undefined) return existing.exports;
    const module = { exports: {} };
    modules.set(piece, module);
    const filename = join(folder, piece);
    const cachedData = settled ? undefined : compiled.get(piece);
    const script = new Script(wrapped(readFileSync(filename, 'latin1')), {
      filename,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    const ready = cachedData !== undefined && script.cachedDataRejected !== true;
    if (!settled) loaded.set(piece, { script, ready });
    const run = script.runInThisContext() as Wrapper;
    run(module.exports, inside, module, filename, dirname(filename));
    return module.exports;
  };
  const byName = (name: string): unknown =>
    name.startsWith('./') ? load(name.slice(2)) : node.require(name);
  const inside: Inside = Object.assign(byName, { import: node.import });
  const settle = (): void => {
    settled = true;
  };
  return { load, loaded, settle };
}

/** Wraps on the first line, so that stack traces have the file's line numbers. */
function wrapped(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) { ${text}\n})`;
}
