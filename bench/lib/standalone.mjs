// The standalone program (scripts/sea.mjs) and an executable of the same Node.js with nothing in it.
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNodes } from './nodes.mjs';

const ROOT = join(import.meta.dirname, '../..');
/** The version that scripts/sea.mjs puts inside. */
const NODE = '24';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** @returns {Promise<{name: string, isOurs: boolean, argv: string[]}[]>} */
export async function buildStandalone(dir) {
  const [{ path: node }] = findNodes(NODE);
  const ours = join(dir, 'standalone');
  const quiet = { stdio: 'ignore', cwd: ROOT };
  execFileSync(node, ['scripts/sea.mjs', ours, `--node=${node}`], quiet);
  return [
    { name: 'regctl', isOurs: true, argv: [join(ours, 'regctl'), '--version'] },
    { name: 'empty executable', argv: [await buildEmpty(join(dir, 'empty'), node)] },
  ];
}

async function buildEmpty(dir, node) {
  const run = (program, ...args) => execFileSync(program, args, { stdio: 'ignore', cwd: dir });
  const program = join(dir, 'empty');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'empty.cjs'), '');
  const config = {
    main: 'empty.cjs',
    output: 'empty.blob',
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
  };
  await writeFile(join(dir, 'sea.json'), JSON.stringify(config));
  run(node, '--experimental-sea-config', 'sea.json');
  await copyFile(node, program);
  await chmod(program, 0o755);
  if (process.platform === 'linux') run('strip', '--strip-all', program);
  const postject = join(ROOT, 'node_modules/postject/dist/cli.js');
  run(node, postject, program, 'NODE_SEA_BLOB', 'empty.blob', '--sentinel-fuse', FUSE);
  return program;
}
