import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { flagsOf } from '../../../src/cli/args/argv.ts';
import { longName } from '../../../src/cli/args/flags.ts';
import { TOPICS } from '../../../src/cli/args/topics.ts';
import { manPages } from '../../../src/cli/man/pages.ts';
import { roff } from '../../../src/cli/man/roff.ts';
import { COMMAND_GROUPS, COMMANDS } from '../../../src/commands/index.ts';
import { tempDir } from '../../helpers/temp.ts';

const PAGES = new Map(manPages(COMMAND_GROUPS).map(({ file, text }) => [file, text]));
const SHOWN = COMMANDS.filter(({ hidden }) => hidden !== true);

it.each(SHOWN.map((spec) => [spec.name, spec] as const))(
  '%s has every option and status',
  (name, spec) => {
    const text = PAGES.get(`regctl-${name.replaceAll(' ', '-')}.1`) ?? '';
    for (const { flags, hidden } of flagsOf(spec)) {
      if (hidden !== true) expect(text).toContain(roff(longName(flags) ?? flags));
    }
    for (const status of ['0', '1', '2', '3', '4', '5', '64', '130, 143']) {
      expect(text).toContain(`\\fB${status}\\fR`);
    }
    for (const { command } of spec.examples) expect(text).toContain(roff(command));
  },
);

it('has a page for the program, every command and every topic', () => {
  expect([...PAGES.keys()].toSorted()).toEqual(
    [
      'regctl.1',
      ...SHOWN.map(({ name }) => `regctl-${name.replaceAll(' ', '-')}.1`),
      ...TOPICS.map(({ name }) => `regctl-${name}.7`),
    ].toSorted(),
  );
});

it('escapes what roff would take as a command', () => {
  expect(roff(".SH it's\n.x -a \\n ~^` é…")).toBe(
    String.raw`\&.SH it\(aqs` + '\n' + String.raw`\&.x \-a \en \(ti\(ha\(ga \[u00E9]\[u2026]`,
  );
});

const groff = spawnSync('groff', ['--version']).status === 0;

it.skipIf(!groff)(
  `is read without a warning${groff ? '' : ' (groff is not installed)'}`,
  async () => {
    await using dir = await tempDir();
    mkdirSync(dir.join('man1'));
    const files = [...PAGES].map(([file, text]) => {
      const path = join(dir.path, file);
      writeFileSync(path, text);
      return path;
    });
    const read = spawnSync('groff', ['-man', '-ww', '-b', '-Tutf8', '-z', ...files], {
      encoding: 'utf8',
    });
    expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: '' });
    const page = execFileSync(
      'groff',
      ['-man', '-Tutf8', '-P-c', join(dir.path, 'regctl-copy.1')],
      {
        encoding: 'utf8',
      },
    );
    expect(page.replaceAll(/.\u0008/gu, '')).toContain('--preserve-digests');
  },
);

const mandoc = spawnSync('mandoc', ['-T', 'lint', '/dev/null']).error === undefined;

it.skipIf(!mandoc)(
  `is read by mandoc without a warning${mandoc ? '' : ' (mandoc is not installed)'}`,
  async () => {
    await using dir = await tempDir();
    const files = [...PAGES].map(([file, text]) => {
      const path = join(dir.path, file);
      writeFileSync(path, text);
      return path;
    });
    const read = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...files], {
      encoding: 'utf8',
    });
    expect({ status: read.status, said: read.stdout }).toEqual({ status: 0, said: '' });
  },
);
