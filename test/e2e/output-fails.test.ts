import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Finished } from '../helpers/commands.ts';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

/** What standard output gets, each in another way. */
const OUTPUTS = {
  text: 'tags oci:app',
  JSON: '-o json tags oci:app',
  'raw bytes': 'manifest oci:app:v1',
  'an archive': 'copy --quiet oci:app:v1 oci-archive:-',
  help: '--help',
};

const FAILURES = {
  full: ['>/dev/full', 'no space is left'],
  closed: ['>&-', 'it is closed'],
  'not for writing': ['1</dev/null', 'it is not open for writing'],
} as const;

/** One for all tests: what its first runs have compiled makes the next ones cheap. */
let machine: Machine;
beforeAll(async () => {
  machine = await newMachine('program');
  await writeLayout(machine.dir.join('app'), { v1: await makeImage({ layers: 1 }) });
});
afterAll(() => machine[Symbol.asyncDispose]());

/** `script` in bash; `regctl` is the built program. */
function shell(script: string): Promise<Finished> {
  return run('bash', ['-c', `regctl() { "$NODE" "$BIN" "$@"; }; ${script}`], {
    cwd: machine.dir.path,
    env: { ...machine.env, NODE: process.execPath, BIN },
  });
}

// Only Linux shows that standard output was closed, and has /dev/full.
describe.runIf(process.platform === 'linux')('standard output that fails', () => {
  const rows = Object.keys(FAILURES).flatMap((failure) =>
    Object.keys(OUTPUTS).map((output) => [failure, output] as const),
  );

  it.each(rows)('%s: %s', async (failure, output) => {
    const [redirect, cause] = FAILURES[failure as keyof typeof FAILURES];
    const done = await shell(`regctl ${OUTPUTS[output as keyof typeof OUTPUTS]} ${redirect}`);
    const title = `cannot write the result to standard output: ${cause}`;
    expect(done.stderr).not.toMatch(/\n\s+at /u);
    if (output === 'JSON') {
      expect(JSON.parse(done.stderr)).toMatchObject({ error: { message: title, exit: 1 } });
    } else {
      expect(done.stderr.split('\n')[0]).toBe(`error: ${title}`);
    }
    expect(done.code).toBe(1);
  });

  it.each(Object.keys(OUTPUTS))('a reader that has gone is no error: %s', async (output) => {
    const line = OUTPUTS[output as keyof typeof OUTPUTS];
    const done = await shell(`regctl ${line} | true; echo "\${PIPESTATUS[0]}"`);
    expect(done).toMatchObject({ stdout: '0\n', stderr: '' });
  });

  it('a command that does its work does not mind that nobody reads its last line', async () => {
    const done = await shell('regctl copy oci:app:v1 oci:copy:v1 >&-');
    expect(done.code).toBe(0);
  });

  it('standard error that fails changes nothing', async () => {
    const full = await shell('regctl --debug tags oci:app 2>/dev/full');
    expect(full).toMatchObject({ code: 0, stdout: 'v1\n' });
    const closed = await shell('regctl digest oci:app:none 2>&-');
    expect(closed).toMatchObject({ code: 2, stdout: '' });
  });

  it('a removed working directory stops only what needs it', async () => {
    const there = (line: string): Promise<Finished> =>
      shell(`mkdir gone && cd gone && rmdir ../gone && regctl ${line}`);
    expect(await there('--version')).toMatchObject({ code: 0, stderr: '' });
    const tags = await there(`tags "oci:${machine.dir.join('app')}"`);
    expect(tags).toMatchObject({ code: 0, stdout: 'v1\n', stderr: '' });
    const relative = await there('manifest-digest m.json');
    expect(relative.code).toBe(1);
    expect(relative.stderr.split('\n')[0]).toBe(
      'error: cannot use the working directory: it does not exist any more',
    );
    expect((await there('copy oci:a:1 oci:b:1')).stderr).not.toMatch(/\n\s+at /u);
  });
});
