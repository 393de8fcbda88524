import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedServer, type ScriptedServer } from '../helpers/scripted-server.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';

/** Real shells complete names of a registry that lists commands for them. */
const HOSTILE = ['$(touch pwned)', '`touch pwned`', 'a;touch pwned', 'a\ntouch', '\u001b[2J'];
const BIN = resolve(import.meta.dirname, '../../bin/regctl.js');
const KEYS = join(import.meta.dirname, '../helpers/type-keys.py');
/** Not `execFileSync`: the registry is in this process. */
const run = async (
  program: string,
  args: readonly string[],
  options: object = {},
): Promise<string> =>
  (await promisify(execFile)(program, args, { env, encoding: 'utf8', ...options })).stdout;
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

let server: ScriptedServer;
let dir: TempDir;
let env: Record<string, string>;

beforeAll(async () => {
  dir = await tempDir();
  mkdirSync(dir.join('bin'));
  mkdirSync(dir.join('work'));
  symlinkSync(BIN, dir.join('bin/regctl'));
  symlinkSync(process.execPath, dir.join('bin/node'));
  server = await startScriptedServer(({ path }) => {
    const body = path.startsWith('/v2/_catalog')
      ? { repositories: ['team/app', ...HOSTILE] }
      : { name: 'team/app', tags: ['3.20', ...HOSTILE] };
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
  });
  env = { PATH: `${dir.join('bin')}:/usr/bin:/bin`, HOME: dir.path, TERM: 'dumb', LANG: 'C.UTF-8' };
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = await run(process.execPath, [BIN, 'completion', shell]);
    writeFileSync(dir.join(`regctl.${shell}`), script);
  }
  // The first run compiles; what a TAB may wait is little.
  await run(dir.join('bin/regctl'), ['complete', '--', 'tags', `${server.host}/`]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** Types on a terminal, and returns what appeared. */
async function type(program: readonly string[], ...steps: readonly string[]): Promise<void> {
  const args = [KEYS, '30', ...program, '--', ...steps];
  const failed = await run('python3', args, { cwd: dir.join('work') }).then(
    () => undefined,
    (error: { stdout: string }) => error.stdout,
  );
  expect(failed).toBeUndefined();
  expect(readdirSync(dir.join('work'))).toEqual([]);
}

/** A repository of one candidate, its only tag, an option, and typed text that must not run. */
async function expectCompletion(program: readonly string[], source: string): Promise<void> {
  const { host } = server;
  await type(
    program,
    `PS1="ready> "; ${source}; echo sour""ced\\n`,
    'sourced',
    `regctl inspect ${host}/te\\t`,
    `${host}/team/app`,
    '\\x15echo cle""ared\\n',
    'cleared',
    `regctl inspect ${host}/team/app:3\\t`,
    '3.20',
    '\\x15echo cle""ared\\n',
    'cleared',
    'regctl completion z\\t',
    'zsh',
    '\\x15echo cle""ared\\n',
    'cleared',
    `regctl copy $(touch pwned) ${host}/team/app:\\t\\t`,
    '3.20',
    '\\x15echo en""ded\\n',
    'ended',
  );
}

const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion';

describe('completion', () => {
  it('in bash', async () => {
    await expectCompletion(
      ['bash', '--norc', '--noprofile', '-i'],
      `source ${dir.join('regctl.bash')}`,
    );
  });

  const packaged = existsSync(BASH_COMPLETION);
  it.skipIf(!packaged)(
    `in bash with bash-completion${packaged ? '' : ' (it is not installed)'}`,
    async () => {
      await expectCompletion(
        ['bash', '--norc', '--noprofile', '-i'],
        `source ${BASH_COMPLETION}; source ${dir.join('regctl.bash')}`,
      );
    },
  );

  const zsh = has('zsh');
  it.skipIf(!zsh)(`in zsh${zsh ? '' : ' (it is not installed)'}`, async () => {
    await expectCompletion(
      ['zsh', '-f', '-i'],
      `autoload -Uz compinit; compinit -u -d ${dir.join('dump')}; source ${dir.join('regctl.zsh')}`,
    );
  });

  const fish = has('fish');
  it.skipIf(!fish)(`in fish${fish ? '' : ' (it is not installed)'}`, async () => {
    const ask = (line: string): Promise<string> =>
      run(
        'fish',
        [
          '--no-config',
          '-c',
          `source ${dir.join('regctl.fish')}; complete -C ${JSON.stringify(line)}`,
        ],
        {
          cwd: dir.join('work'),
        },
      );
    const { host } = server;
    expect(await ask(`regctl inspect ${host}/te`)).toContain(`${host}/team/app`);
    expect(await ask(`regctl inspect ${host}/team/app:3`)).toBe(`${host}/team/app:3.20\n`);
    expect(await ask('regctl completion z')).toBe('zsh\n');
    expect(await ask('regctl copy --dest-compress-format ')).toContain('zstd');
    expect(readdirSync(dir.join('work'))).toEqual([]);
  });

  const pwsh = has('pwsh');
  it.skipIf(!pwsh)(`in PowerShell${pwsh ? '' : ' (it is not installed)'}`, async () => {
    const script = `${await run(process.execPath, [BIN, 'completion', 'pwsh'])}
      $line = 'regctl completion z'
      (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText`;
    expect((await run('pwsh', ['-NoProfile', '-Command', script])).trim()).toBe('zsh');
  });
});
