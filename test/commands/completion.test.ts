import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/commands/completion/run.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';

let dir: TempDir;

/** Prints what it was asked to a file, and answers with whatever could run in a shell. */
const PROGRAM = `#!/bin/bash
printf '%s\\n' "$@" > asked
printf '%s\\n' 'host:5000/r:1.0' 'host:5000/r:1.1' '$(touch pwned)' '\`touch pwned\`' 'a;touch pwned' '--output=json' $'tab\\tabout it'
echo ":$DIRECTIVE"
`;

async function scriptOf(shell: string): Promise<string> {
  const result = await run({}, { args: [shell], options: {} });
  if (result.kind !== 'bytes') throw new Error('no script');
  return Buffer.concat(await Array.fromAsync(result.bytes)).toString();
}

beforeAll(async () => {
  dir = await tempDir();
  writeFileSync(dir.join('regctl'), PROGRAM);
  chmodSync(dir.join('regctl'), 0o755);
  writeFileSync(dir.join('regctl.bash'), await scriptOf('bash'));
});

afterAll(() => dir[Symbol.asyncDispose]());

/** Completes a line as readline does: COMP_WORDS as bash splits it. */
function bash(line: string, words: readonly string[]): { replies: string[]; asked: string[] } {
  const quoted = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const program = `source ./regctl.bash
COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
COMP_LINE=$LINE COMP_POINT=\${#LINE} COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
_regctl regctl
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: `${dir.path}:/usr/bin:/bin`, LINE: line, DIRECTIVE: '4' };
  const output = execFileSync('bash', ['--norc', '-c', program], {
    cwd: dir.path,
    env,
    encoding: 'utf8',
  });
  const asked = execFileSync('cat', ['asked'], { cwd: dir.path, encoding: 'utf8' });
  return {
    replies: output.trimEnd().split('\n'),
    asked: asked.replace(/\n$/u, '').split('\n').slice(2),
  };
}

it('bash joins words that it split at colons, and cuts the prefix from the replies', () => {
  const { replies, asked } = bash('regctl inspect host:5000/r:1', [
    'regctl',
    'inspect',
    'host',
    ':',
    '5000/r',
    ':',
    '1',
  ]);
  expect(asked).toEqual(['inspect', 'host:5000/r:1']);
  expect(replies).toEqual(['1.0', '1.1']);
});

it('bash 3.2 does not split at colons', () => {
  const { replies, asked } = bash('regctl inspect host:5000/r:1', [
    'regctl',
    'inspect',
    'host:5000/r:1',
  ]);
  expect(asked).toEqual(['inspect', 'host:5000/r:1']);
  expect(replies).toEqual(['1.0', '1.1']);
});

it('bash joins an option and its value', () => {
  const { replies, asked } = bash('regctl --output=j', ['regctl', '--output', '=', 'j']);
  expect(asked).toEqual(['--output=j']);
  expect(replies).toEqual(['json']);
});

it('bash takes candidates and typed words as data', () => {
  const { replies, asked } = bash('regctl tags $(touch pwned) ', [
    'regctl',
    'tags',
    '$(touch pwned)',
    '',
  ]);
  expect(asked).toEqual(['tags', '$(touch pwned)', '']);
  expect(replies).toContain('$(touch pwned)');
  expect(replies).toContain('tab');
  expect(readdirSync(dir.path).toSorted()).toEqual(['asked', 'regctl', 'regctl.bash']);
});

it('bash leaves a word in quotes whole', () => {
  const { replies, asked } = bash('regctl inspect "host:5000/r:1', [
    'regctl',
    'inspect',
    '"host:5000/r:1',
  ]);
  expect(asked).toEqual(['inspect', 'host:5000/r:1']);
  expect(replies).toEqual(['host:5000/r:1.0', 'host:5000/r:1.1']);
});

it.each(['bash', 'zsh', 'fish', 'pwsh'])(
  'the script for %s runs no text of a registry',
  async (shell) => {
    const script = await scriptOf(shell);
    expect(script).not.toMatch(/\beval\b|compgen|Invoke-Expression|\biex\b/u);
    expect(script).not.toMatch(/\bundefined\b|\\\$\{/u);
  },
);

it('another shell is refused', async () => {
  await expect(run({}, { args: ['tcsh'], options: {} })).rejects.toMatchObject({ code: 'USAGE' });
});
