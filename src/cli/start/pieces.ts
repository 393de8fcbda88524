import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** What V8 made of a piece's text. */
export interface CompiledChunks {
  /** Undefined: it has to be compiled. */
  get(piece: string): Buffer | undefined;
}

export interface ChunkOptions {
  /** The directory of the bundle. */
  readonly folder: string;
  readonly compiled: CompiledChunks;
  /** Loads anything that is no piece: Node's modules and packages. */
  readonly require: (name: string) => unknown;
  /** The same by `import()`, which a piece has as `require.import`. */
  readonly import: (name: string) => Promise<unknown>;
}

export interface BundleChunks {
  /** The exports of a piece, which runs when it is first asked for. */
  load(piece: string): unknown;
  /** From here on V8's flags are others: what is loaded later neither uses compiled code nor gives any. */
  settle(): void;
  /** What was loaded before that. */
  readonly loaded: ReadonlyMap<string, LoadedChunk>;
}

export interface LoadedChunk {
  readonly script: Script;
  /** Its compiled form was found and was usable. */
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

/** The CommonJS files of the bundle, all ASCII, as Node's own loader runs them, but with compiled code. */
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

/** On the text's first line, so that a stack trace has the file's own lines. */
function wrapped(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) { ${text}\n})`;
}
