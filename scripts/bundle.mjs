// Bundles the program into dist/bundle, so that a start loads a few files instead of hundreds.
// Leaves the library as tsc wrote it to dist/. Run by `npm run build`.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/bundle');
const PIECES = join(ROOT, 'dist/pieces');

/** Modules that every command that talks to a registry loads. */
const ONLINE = [
  'src/cli/run.ts',
  'src/client/trusted-realms.ts',
  'src/http/auth/disk/write.ts',
  'src/util/temporaries.ts',
  'src/config/hosts/trusted-realms.ts',
  'src/config/containers/registries.ts',
  'src/commands/tags/run.ts',
];

/** Modules that commands with many requests also load. */
const MANY = ['src/http/exchange/undici.ts', 'lazy:undici'];

/** Packages in the bundle; others are loaded from node_modules at their first use. */
const INSIDE = new Set([
  '@hono/node-server',
  'chalk',
  'commander',
  'hono',
  'ora',
  'pretty-bytes',
  'semver',
  'tldts',
  'undici',
]);

/**
 * Bundles only undici's connection pool, which is all that `src/http/exchange/undici.ts` uses.
 * Leaves out its code for other protocols and forms: the dialer offers only HTTP/1.1, and bodies
 * are never forms. `esbuildDetection` is undici's switch for a build without its experimental
 * second parser, Milo.
 */
const UNDICI = `export { default as Pool } from 'undici/lib/dispatcher/pool.js';`;
const UNDICI_WITHOUT =
  /undici[\\/]lib[\\/](?:dispatcher[\\/]client-h2|web[\\/](?:fetch[\\/](?:body|formdata)|webidl[\\/]index))\.js$/;
const UNDICI_WITHOUT_MILO = { esbuildDetection: 'true' };

/**
 * Modules whose lazy imports become static in the bundle: every command that talks to a registry
 * needs them, and each file costs about 1 ms at the start. The sources import lazily for the
 * library's users.
 */
const TOGETHER = [
  'src/cli/context.ts',
  'src/cli/run.ts',
  'src/client/connections.ts',
  'src/client/policies.ts',
  'src/client/side.ts',
  'src/client/token-caches.ts',
  'src/http/exchange/pools.ts',
];

/** Their imports that stay lazy, as many commands do not need them. */
const STILL_LAZY = [
  'src/client/trusted-realms.ts',
  'src/util/template/render.ts',
  'src/config/containers/registries.ts',
  'src/http/exchange/undici.ts',
];

/** Entries of the two lists that matched a module. */
const met = new Set();

function isListed(list, path) {
  const source = relative(ROOT, path).replaceAll('\\', '/');
  if (list.includes(source)) met.add(source);
  return list.includes(source);
}

const together = {
  name: 'together',
  setup(to) {
    to.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!isListed(TOGETHER, path)) return undefined;
      const source = await readFile(path, 'utf8');
      const imports = [];
      const text = source.replaceAll(/\bimport\('(\.[^']+)'\)/gu, (all, specifier) => {
        if (isListed(STILL_LAZY, join(dirname(path), specifier))) return all;
        imports.push(`import * as together${imports.length} from '${specifier}';`);
        return `Promise.resolve(together${imports.length - 1})`;
      });
      return { contents: `${imports.join('\n')}\n${text}`, loader: 'ts' };
    });
  },
};

const packageOf = (specifier) => /^(?:@[^/]+\/)?[^/]+/u.exec(specifier)[0];

const packages = {
  name: 'packages',
  setup(to) {
    to.onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData, resolveDir }) => {
      if (path.startsWith('node:')) return { path, external: true, sideEffects: false };
      // Inside a package, its dependencies resolve as usual.
      if (pluginData === 'inside' || resolveDir.includes('node_modules')) return undefined;
      if (!INSIDE.has(packageOf(path))) return { path, external: true };
      return kind === 'dynamic-import' ? { path, namespace: 'lazy' } : undefined;
    });
    to.onLoad({ filter: UNDICI_WITHOUT }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error('not in the bundle: ${basename(path)}') };`,
      loader: 'js',
    }));
    // Exports names as `import()` of a CommonJS package does in Node, not only the default.
    to.onLoad({ filter: /.*/, namespace: 'lazy' }, async ({ path }) => {
      if (path === 'undici') {
        return { contents: UNDICI, resolveDir: ROOT, pluginData: 'inside', loader: 'js' };
      }
      const names = Object.keys(await import(path)).filter(
        (name) => name !== 'default' && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name),
      );
      const contents = `import * as all from '${path}'; const module = all.default ?? all;
        export default module;
        export const { ${names.join(', ')} } = { ...all, ...module };`;
      return { contents, resolveDir: ROOT, pluginData: 'inside', loader: 'js' };
    });
  },
};

/** The licenses of the bundled packages, which must be distributed with the bundle. */
async function licences(inputs) {
  const folders = new Set(
    Object.keys(inputs).flatMap(
      (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(input)?.[0] ?? [],
    ),
  );
  const texts = await Promise.all(
    [...folders].toSorted().map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(ROOT, folder, 'package.json'), 'utf8'),
      );
      const names = ['LICENSE', 'license', 'LICENSE.md', 'LICENCE', 'LICENSE.txt'];
      const tried = await Promise.all(
        names.map((file) => readFile(join(ROOT, folder, file), 'utf8').catch(() => undefined)),
      );
      const text = tried.find((one) => one !== undefined);
      if (text === undefined && license === undefined) throw new Error(`${name}: no licence`);
      return `${name} ${version} (${license})\n\n${text ?? ''}`.trimEnd();
    }),
  );
  return `${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

await rm(OUT, { recursive: true, force: true });
const bundle = (options) =>
  esbuild({
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node22.22',
    // Keeps function names readable in the stack traces of bug reports without a source map.
    minify: false,
    define: UNDICI_WITHOUT_MILO,
    plugins: [together, packages],
    logLevel: 'warning',
    ...options,
  });
const { metafile, outputFiles } = await bundle({
  stdin: {
    contents: `export { main } from './src/cli/main.ts'; export { endProcess, processIo } from './src/cli/io.ts';`,
    resolveDir: ROOT,
    sourcefile: 'regctl.ts',
  },
  outdir: OUT,
  entryNames: 'regctl',
  chunkNames: '[name]-[hash]',
  splitting: true,
  format: 'esm',
  metafile: true,
  write: false,
});
failOn([...TOGETHER, ...STILL_LAZY].filter((source) => !met.has(source)));
await mkdir(PIECES, { recursive: true });
await Promise.all(
  outputFiles.map(({ path, text }) => writeFile(join(PIECES, basename(path)), text)),
);

/** Fails for entries that match nothing, which would slow every start unnoticed. */
function failOn(lost) {
  if (lost.length > 0) throw new Error(`bundle.mjs: nothing matches ${lost.join(', ')}`);
}

/** The chunks of these sources and of their static imports. */
function closure(entries, known = new Set()) {
  const pieces = new Set();
  const add = (piece) => {
    if (known.has(piece) || pieces.has(piece)) return;
    pieces.add(piece);
    for (const { path, kind } of metafile.outputs[piece]?.imports ?? []) {
      if (kind === 'import-statement') add(path);
    }
  };
  const begun = new Map(
    Object.entries(metafile.outputs).map(([piece, { entryPoint }]) => [entryPoint, piece]),
  );
  failOn(entries.filter((entry) => !begun.has(entry)));
  for (const entry of entries) add(begun.get(entry));
  return pieces;
}

// Each file costs more than 1 ms at the start, so chunks that are loaded together are joined.
const first = closure(['regctl.ts']);
const table = closure(['src/cli/personas/line.ts', 'src/commands/index.ts'], first);
const online = closure(ONLINE, new Set([...first, ...table]));
const many = closure(MANY, new Set([...first, ...table, ...online]));
const groupOf = (pieces) => (id) =>
  id.startsWith(PIECES) && pieces.has(relative(ROOT, join(OUT, basename(id))));
const joined = await rolldown({
  input: { regctl: join(PIECES, 'regctl.js') },
  platform: 'node',
  external: (id) => !/^[./]/u.test(id),
  logLevel: 'warn',
});
const { output } = await joined.generate({
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
  dynamicImportInCjs: true,
  minify: false,
  codeSplitting: {
    groups: [
      { name: 'first', test: groupOf(first) },
      { name: 'table', test: groupOf(table) },
      { name: 'online', test: groupOf(online) },
      { name: 'many', test: groupOf(many) },
    ],
  },
});
await joined.close();
await mkdir(OUT, { recursive: true });
/** Escapes everything but ASCII, so that files are read without decoding. */
const ascii = (code) =>
  code.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
/** Replaces `import()`: Node warns that it is experimental in code that its loader did not load. */
const plain = (code) => ascii(code).replaceAll(/\bimport\((?="[^"\n]+"\))/g, 'require.import(');
/**
 * Uses Node's modules as they are: rolldown copies the members of each that has a default import,
 * which would load it at once (src/cli/start/lazy-builtins.ts). Its default is the module itself.
 */
const lazy = (code) => {
  const text = code
    .replaceAll(/^(node_\w+) = [\w.]*__toESM\(\1, 1\);\n/gm, '')
    .replaceAll(/\b(node_\w+)\.default\b/g, '$1');
  if (/__toESM\(node_/u.test(text)) throw new Error('bundle.mjs: a module of Node is copied');
  return text;
};
const files = output.map(({ fileName, code }) => [fileName, plain(lazy(code))]);
await Promise.all(files.map(([fileName, text]) => writeFile(join(OUT, fileName), text)));
/** The sources of each file, to find out what a start loads. */
const contents = output.map(({ fileName, moduleIds = [] }) => [
  fileName,
  moduleIds.flatMap((id) => {
    const piece = metafile.outputs[relative(ROOT, join(OUT, basename(id)))];
    return Object.entries(piece?.inputs ?? {}).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [input] : [],
    );
  }),
]);
const build = createHash('sha256').update(JSON.stringify(files)).digest('hex');
const { COMMANDS } = await import(join(ROOT, 'dist/commands/index.js'));
const commands = JSON.stringify([...COMMANDS.map(({ name }) => name), 'complete']);
await bundle({
  stdin: {
    contents: `import { start } from './src/cli/start/start.ts';
      module.exports = (process, require) =>
        start({ process, require, folder: __dirname, build: '${build}', commands: ${commands} });`,
    resolveDir: ROOT,
    sourcefile: 'start.ts',
  },
  outfile: join(OUT, 'start.cjs'),
  format: 'cjs',
});
await writeFile(join(OUT, 'contents.json'), JSON.stringify(Object.fromEntries(contents), null, 1));
await rm(PIECES, { recursive: true });
await writeFile(join(OUT, 'LICENSES.txt'), await licences(metafile.inputs));
const kib = Math.round(output.reduce((sum, { code }) => sum + code.length, 0) / 1024);
console.log(`${relative(ROOT, OUT)}: ${output.length} files, ${kib} KiB`);
