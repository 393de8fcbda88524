import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Finished } from '../helpers/commands.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Programs believe that they run under this version. */
const PRETEND = `Object.defineProperty(process, 'versions', {
  value: { ...process.versions, node: '20.20.2' },
});`;

describe.each(['regctl.js'])('%s on an older Node', (program) => {
  let dir: TempDir;

  beforeAll(async () => {
    dir = await tempDir();
    await mkdir(dir.join('package'));
    for (const name of ['bin', 'package.json']) {
      await cp(join(ROOT, name), dir.join(`package/${name}`), { recursive: true });
    }
    await writeFile(dir.join('pretend.cjs'), PRETEND);
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  const start = (root: string, env: Readonly<Record<string, string>>): Promise<Finished> =>
    run(
      process.execPath,
      ['--require', dir.join('pretend.cjs'), join(root, 'bin', program), '--version'],
      { env: { PATH: process.env['PATH'], ...env } },
    );

  it('of an installed package says one line and fails', async () => {
    expect(await start(dir.join('package'), {})).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: regctl needs Node\.js [^\n]+; this is 20\.20\.2[^\n]*\n$/u,
      ) as string,
    });
  });

  it('of a clone never starts a second child', async () => {
    expect(await start(ROOT, { REGCTL_NODE: 'fetched' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: regctl needs Node\.js [^\n]+20\.20\.2\n$/u) as string,
    });
  });
});
