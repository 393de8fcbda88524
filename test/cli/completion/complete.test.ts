import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complete } from '../../../src/cli/completion/complete.ts';
import { COMMAND_GROUPS } from '../../../src/commands/index.ts';
import { startScriptedServer, type ScriptedServer } from '../../helpers/scripted-server.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { fakeIo } from '../fake-io.ts';

/** What a hostile registry lists: each would do harm if a shell read it as a command. */
const HOSTILE = ['$(touch pwned)', '`touch pwned`', 'a;touch pwned', 'a\ntouch', '\u001b[2J'];

/** A busy machine loads slowly; what a TAB may wait is no matter of these tests. */
const PATIENT = 60_000;

let server: ScriptedServer;
let dir: TempDir;
const asked: string[] = [];

beforeAll(async () => {
  dir = await tempDir();
  server = await startScriptedServer(({ path }) => {
    asked.push(path);
    const json = (body: unknown) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (path.startsWith('/v2/_catalog')) {
      return json({ repositories: ['team/app', 'team/api', 'other', ...HOSTILE] });
    }
    if (path.startsWith('/v2/team/app/tags/list')) {
      return json({ name: 'team/app', tags: ['3.20', '3.21', 'latest', ...HOSTILE] });
    }
    return { status: 404 };
  });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function ask(...words: readonly string[]): Promise<readonly string[]> {
  const io = { ...fakeIo(['complete', '--', ...words], { env: { REGCTL_CACHE: 'off' } }) };
  return (await complete({ ...io, home: dir.path }, COMMAND_GROUPS, PATIENT)).trimEnd().split('\n');
}

const values = (lines: readonly string[]): readonly string[] =>
  lines.slice(0, -1).map((line) => line.split('\t')[0] ?? '');

describe('from the table of commands', () => {
  it('offers commands, their aliases and descriptions', async () => {
    const lines = await ask('ta');
    expect(values(lines)).toEqual(['tags', 'tag']);
    expect(lines.find((line) => line.startsWith('tags\t'))).toContain('List');
    expect(lines.at(-1)).toBe(':4');
    expect(values(await ask('l'))).toContain('ls');
  });

  it('offers every visible command, two words one by one', async () => {
    const first = values(await ask(''));
    for (const { name, hidden } of COMMAND_GROUPS.flatMap(({ commands }) => commands)) {
      if (hidden === true) continue;
      const [noun = '', verb] = name.split(' ');
      expect(first).toContain(noun);
      if (verb !== undefined) expect(values(await ask(noun, ''))).toContain(verb);
    }
  });

  it('offers the options of the command only, each once unless it may be repeated', async () => {
    expect(values(await ask('copy', '--dest-com'))).toEqual([
      '--dest-compress-format',
      '--dest-compress-level',
    ]);
    const left = values(await ask('tags', '--long', '--include', 'a', '--'));
    expect(left).not.toContain('--long');
    expect(left).toContain('--include');
    expect(values(await ask('serve', '--cre'))).toEqual([]);
  });

  it('offers the values of an option, attached or not', async () => {
    expect(values(await ask('tags', '-o', ''))).toEqual(['text', 'json', 'ndjson']);
    expect(values(await ask('tags', '--output=n'))).toEqual(['--output=ndjson']);
    expect(values(await ask('copy', '--platform', 'linux/arm'))).toContain('linux/arm64');
    expect(values(await ask('tags', '--tls-verify=f'))).toEqual(['--tls-verify=false']);
  });

  it('lets the shell complete files', async () => {
    expect(await ask('tags', '--authfile', '')).toEqual([':0']);
    expect(await ask('copy', 'oci:./dir')).toEqual([':0']);
  });

  it('offers topics and shells', async () => {
    expect(values(await ask('help', 'exit'))).toEqual(['exit-statuses']);
    expect(values(await ask('completion', ''))).toEqual(['bash', 'zsh', 'fish', 'pwsh']);
  });

  it('offers no option after --', async () => {
    expect(values(await ask('tags', '--', '--lo'))).toEqual([]);
  });
});

describe('from a registry', () => {
  it('offers repositories and tags that are names by the grammar', async () => {
    const repositories = await ask('tags', `${server.host}/te`);
    expect(repositories).toEqual([`${server.host}/team/app`, `${server.host}/team/api`, ':6']);
    expect(await ask('inspect', `${server.host}/team/app:3`)).toEqual([
      `${server.host}/team/app:3.20`,
      `${server.host}/team/app:3.21`,
      ':4',
    ]);
    const all = [
      ...(await ask('tags', `${server.host}/`)),
      ...(await ask('inspect', `${server.host}/team/app:`)),
    ];
    for (const line of all) expect(line).toMatch(/^[\w.:/-]+$/u);
  });

  it('asks with the options of the line, and never for a manifest', async () => {
    asked.length = 0;
    await ask('copy', '--src-plain-http', `${server.host}/team/app:3`);
    expect(asked.some((path) => path.includes('/tags/list'))).toBe(true);
    expect(asked.filter((path) => path.includes('/manifests/'))).toEqual([]);
  });

  it('keeps names for five minutes', async () => {
    const at = (time: string) => ({
      ...fakeIo(['complete', '--', 'inspect', `${server.host}/team/app:`]),
      home: dir.path,
      now: () => new Date(time),
    });
    await complete(at('2026-02-01T00:00:00Z'), COMMAND_GROUPS, PATIENT);
    asked.length = 0;
    expect(await complete(at('2026-02-01T00:04:00Z'), COMMAND_GROUPS, PATIENT)).toContain(':3.20');
    expect(asked).toEqual([]);
    await complete(at('2026-02-01T00:06:00Z'), COMMAND_GROUPS, PATIENT);
    expect(asked).not.toEqual([]);
  });

  it('is quiet about what fails', async () => {
    expect(await ask('tags', '127.0.0.1:1/x')).toEqual([':6']);
    expect(await ask('inspect', 'UPPER CASE:')).toEqual([':6']);
  });
});
