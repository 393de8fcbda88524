// Bundles the program into dist/bundle, so that a start loads a few files instead of hundreds.
// The library stays what tsc wrote to dist/. Run by `npm run build`.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/bundle');

/** Packages that go into the bundle; any other is loaded from node_modules when it is used. */
const INSIDE = new Set(['chalk', 'commander', 'ora', 'semver', 'tldts', 'undici']);

/**
 * Of undici the pool of connections, which is all that `src/http/exchange-undici.ts` asks for. What
 * its client loads beyond HTTP/1.1 is left out: the dialer offers servers nothing else, and bodies
 * are never forms.
 */
const UNDICI = `export { default as Pool } from 'undici/lib/dispatcher/pool.js';`;
const UNDICI_WITHOUT = /undici\/lib\/(?:dispatcher\/client-h2|web\/fetch\/body)\.js$/;

const packageOf = (specifier) => /^(?:@[^/]+\/)?[^/]+/u.exec(specifier)[0];

const packages = {
  name: 'packages',
  setup(to) {
    to.onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData, resolveDir }) => {
      if (path.startsWith('node:')) return { path, external: true };
      // Inside a package its own dependencies resolve as usual.
      if (pluginData === 'inside' || resolveDir.includes('node_modules')) return undefined;
      if (!INSIDE.has(packageOf(path))) return { path, external: true };
      return kind === 'dynamic-import' ? { path, namespace: 'lazy' } : undefined;
    });
    to.onLoad({ filter: UNDICI_WITHOUT }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error('not in the bundle: ${basename(path)}') };`,
      loader: 'js',
    }));
    // What `import()` of a CommonJS package gives in Node: its names, not the default alone.
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

/** The licences of what is inside ask to be passed on with it. */
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
const { metafile, outputFiles } = await build({
  stdin: {
    contents: `export { main } from './src/cli/main.ts'; export { processIo } from './src/cli/io.ts';`,
    resolveDir: ROOT,
    sourcefile: 'regctl.ts',
  },
  absWorkingDir: ROOT,
  outdir: OUT,
  entryNames: 'regctl',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Readable: a stack trace in a bug report names our functions without a source map.
  minify: false,
  metafile: true,
  write: false,
  plugins: [packages],
  logLevel: 'warning',
});
const REQUIRE = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n`;
await mkdir(OUT, { recursive: true });
await Promise.all(
  outputFiles.map(({ path, text }) =>
    // esbuild's stand-in for `require` looks for a real one; only its chunk needs it.
    writeFile(path, text.includes('typeof require !==') ? REQUIRE + text : text),
  ),
);
await writeFile(join(OUT, 'LICENSES.txt'), await licences(metafile.inputs));
const kib = Math.round(outputFiles.reduce((sum, { contents }) => sum + contents.length, 0) / 1024);
console.log(
  `${relative(ROOT, dirname(outputFiles[0].path))}: ${outputFiles.length} files, ${kib} KiB`,
);
