// Makes the program one executable file for this machine's system, with Node 24 inside:
// node scripts/sea.mjs [FOLDER] [--node=PATH]. Run by the release workflow, on each system.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', default: process.execPath } },
});
const OUT = resolve(ROOT, positionals[0] ?? 'dist/sea');
const WINDOWS = process.platform === 'win32';
const { node } = values;
const run = (program, ...args) => execFileSync(program, args, { stdio: 'inherit', cwd: OUT });

const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
// Node 26 needs libatomic, which small images lack.
if (!version.startsWith('v24.')) throw new Error(`sea.mjs needs Node 24, not ${version}`);

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await build({
  absWorkingDir: ROOT,
  stdin: {
    contents: `
      import { runCredentialHelper } from './src/cli/credential-helper.ts';
      import { endProcess, processIo } from './src/cli/io.ts';
      import { main } from './src/cli/main.ts';
      import calledAsHelper from './bin/called-as.js';
      const run = calledAsHelper(process) ? runCredentialHelper : main;
      run(processIo(process)).then((status) => {
        process.exitCode = status;
        setTimeout(() => endProcess(process, status), 1000).unref();
      });`,
    resolveDir: ROOT,
    sourcefile: 'sea.ts',
  },
  outfile: join(OUT, 'regctl.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  // Inside, only \`require\` of what Node has works. What is next to the file is looked for too.
  supported: { 'dynamic-import': false },
  external: ['@napi-rs/keyring', 'keytar'],
  define: { 'import.meta.url': 'regctlUrl', 'import.meta.dirname': 'regctlFolder' },
  banner: {
    js: `const regctlUrl = require('node:url').pathToFileURL(process.execPath).href;
      const regctlFolder = require('node:path').dirname(process.execPath);
      require = require('node:module').createRequire(process.execPath);`,
  },
  jsx: 'automatic',
  jsxImportSource: 'hono/jsx',
  logLevel: 'warning',
});
await writeFile(
  join(OUT, 'sea.json'),
  JSON.stringify({
    main: 'regctl.cjs',
    output: 'regctl.blob',
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    // A thread cannot load a package from inside, so it gets the text.
    assets: { bcryptjs: join(ROOT, 'node_modules/bcryptjs/umd/index.js') },
  }),
);
run(node, '--experimental-sea-config', 'sea.json');

const program = join(OUT, WINDOWS ? 'regctl.exe' : 'regctl');
await copyFile(node, program);
await chmod(program, 0o755);
// Before the injection: after it, a stripped program crashes.
if (process.platform === 'linux') run('strip', '--strip-all', program);
if (process.platform === 'darwin') run('codesign', '--remove-signature', program);
const postject = join(ROOT, 'node_modules/postject/dist/cli.js');
run(
  node,
  postject,
  program,
  'NODE_SEA_BLOB',
  join(OUT, 'regctl.blob'),
  '--sentinel-fuse',
  'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
  ...(process.platform === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : []),
);
if (process.platform === 'darwin') run('codesign', '--sign', '-', program);
for (const file of ['regctl.cjs', 'sea.json', 'regctl.blob']) await rm(join(OUT, file));

const name = `regctl-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const archive = WINDOWS ? `${name}.zip` : `${name}.tar.gz`;
// bsdtar, which Windows has, makes a zip by the name.
run('tar', WINDOWS ? '-acf' : '-czf', archive, basename(program));
const hash = createHash('sha256').update(await readFile(join(OUT, archive)));
await writeFile(join(OUT, `${archive}.sha256`), `${hash.digest('hex')}  ${archive}\n`);
console.log(join(OUT, archive));
