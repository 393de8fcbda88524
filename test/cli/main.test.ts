import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import type { Machine } from '../../src/client/types.ts';
import type { Result } from '../../src/commands/result.ts';
import type { CommandModule, CommandSpec } from '../../src/commands/types.ts';
import { main } from '../../src/cli/main.ts';
import type { Io } from '../../src/cli/io.ts';
import { fakeIo, group, names, result, spec, stream } from './fake-io.ts';

type Given = Partial<CommandSpec> & { run?: CommandModule['run'] };

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tags` with these flags on a fake table. */
async function tags(
  argv: readonly string[],
  outcome: Result | Error | Given,
  options: Parameters<typeof fakeIo>[1] = {},
): Promise<Outcome> {
  const io = fakeIo(['tags', ...argv], options);
  const given: Given =
    outcome instanceof Error
      ? { run: () => Promise.reject(outcome) }
      : 'kind' in outcome
        ? { run: async () => outcome }
        : outcome;
  const status = await main(io, async () => group(spec(given)));
  expect(io.listening()).toBe(0);
  return { status, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

const list = [{ Name: 'a' }, { Name: 'b' }];

describe('a result', () => {
  it('is text by default, and ends with a line break', async () => {
    const done = await tags([], result({ text: () => 'v1' }));
    expect(done).toEqual({ status: 0, stdout: 'v1\n', stderr: '' });
  });

  it('sets the exit status', async () => {
    expect((await tags([], result({ exit: 3 }))).status).toBe(3);
  });

  it('is JSON with two spaces, or with four where JSON is the default', async () => {
    const json = { A: ['x'] };
    expect((await tags(['-o', 'json'], result({ json }))).stdout).toBe(
      `${JSON.stringify(json, undefined, 2)}\n`,
    );
    const skopeo = result({ json, defaultOutput: 'json', text: () => 'page' });
    expect((await tags([], skopeo)).stdout).toBe(`${JSON.stringify(json, undefined, 4)}\n`);
    expect((await tags(['-o', 'text'], skopeo)).stdout).toBe('page\n');
  });

  it('is a line for each element as NDJSON', async () => {
    const done = await tags(['-o', 'ndjson'], result({ json: list }));
    expect(done.stdout).toBe('{"Name":"a"}\n{"Name":"b"}\n');
  });

  it('goes through a template, one by one when it is a list', async () => {
    const args = (template: string): string[] => ['--format', template];
    expect((await tags(args('<{{.Name}}>'), result({ json: list }))).stdout).toBe('<a>\n<b>\n');
    const whole = await tags(args('{{range .}}{{.Name}},{{end}}'), result({ json: list }));
    expect(whole.stdout).toBe('a,b,\n');
    expect((await tags(['--format=json'], result({ json: list }))).stdout).toContain('"Name": "a"');
  });

  it('is streamed as lines, and as pieces of JSON', async () => {
    const streamed = names('a', 'b');
    expect((await tags([], streamed)).stdout).toBe('a\nb\n');
    const json = `${JSON.stringify({ Tags: ['a', 'b'] }, undefined, 2)}\n`;
    expect((await tags(['-o', 'json'], streamed)).stdout).toBe(json);
    expect((await tags(['-o', 'ndjson'], streamed)).stdout).toBe('"a"\n"b"\n');
    expect((await tags(['--format', '{{len .Tags}}'], streamed)).stdout).toBe('2\n');
  });

  it('is a line for each of several, whatever a name holds', async () => {
    const odd = names('v1', 'a\nerror: forged', '\u001b[2Jb\r');
    expect((await tags([], odd)).stdout).toBe('v1\na\\x0aerror: forged\n\\x1b[2Jb\\x0d\n');
    expect((await tags(['-o', 'ndjson'], names('a\nb\u009b'))).stdout).toBe('"a\\nb\u009b"\n');
  });

  it('is raw bytes, untouched', async () => {
    const raw = Buffer.from('{"\u001b":1}');
    expect((await tags([], { kind: 'bytes', bytes: stream(raw) })).stdout).toBe('{"\u001b":1}');
    const none = await tags(['-o', 'json'], { kind: 'bytes', bytes: stream(raw) });
    expect(none.status).toBe(64);
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('is no raw bytes on a terminal, which would obey them', async () => {
    const raw = Buffer.from('{"a":"\u009b2J\u202e","b":"ü"}\n\u001b[2J\u0000');
    const pieces = stream(raw.subarray(0, 8), raw.subarray(8, 20), raw.subarray(20));
    const shown = await tags([], { kind: 'bytes', bytes: pieces }, { stdoutTty: true });
    expect(shown.stdout).toBe('{"a":"\\x9b2J\\u202e","b":"ü"}\n\\x1b[2J\\x00');
    expect((await tags([], { kind: 'bytes', bytes: stream(raw) })).stdout).toBe(raw.toString());
  });

  it('cannot act on the terminal as text, and is exact as JSON', async () => {
    const evil = 'a\u001b]0;owned\u0007\u009b\u202eb';
    const made = result({ json: { evil }, text: () => `${evil}\nc` });
    for (const stdoutTty of [true, false]) {
      const shown = (await tags([], made, { stdoutTty })).stdout;
      expect(shown).toBe('a\\x1b]0;owned\\x07\\x9b\\u202eb\nc\n');
      const json = (await tags(['-o', 'json'], made, { stdoutTty })).stdout;
      expect(JSON.parse(json)).toEqual({ evil });
      const formatted = await tags(['--format', '{{.evil}}'], made, { stdoutTty });
      expect(formatted.stdout).not.toMatch(/[\u001b\u009b\u202e]/u);
    }
    const onTerminal = await tags(['-o', 'json'], made, { stdoutTty: true });
    expect(onTerminal.stdout.replaceAll('\n', '')).toMatch(/^[ -~]+$/);
    const lines = await tags([], names(evil));
    expect(lines.stdout).not.toContain('\u001b');
  });

  it('has colour on a terminal only, and not when it is unwanted', async () => {
    const made = result({ text: (style) => style.red('x'), json: { A: 1 } });
    const person = { stdoutTty: true, env: { CI: '' } };
    expect((await tags([], made, person)).stdout).toBe('\u001b[31mx\u001b[39m\n');
    expect((await tags(['-o', 'json'], made, person)).stdout).toContain('\u001b[36m"A"');
    const plain: [string[], Parameters<typeof fakeIo>[1]][] = [
      [[], { env: { CI: '' } }],
      [['--no-color'], person],
      [[], { stdoutTty: true, env: { CI: '', NO_COLOR: '1' } }],
      [[], { stdoutTty: true, env: { CI: '', TERM: 'dumb' } }],
      [[], { stdoutTty: true, env: { CI: '1' } }],
    ];
    for (const [argv, options] of plain) {
      expect((await tags(argv, made, options)).stdout).toBe('x\n');
    }
  });
});

describe('an error', () => {
  const refused = new AppError('TAG_SHARED', 'other tags share it', { hint: 'use --untag' });

  it('is text on stderr and nothing on stdout', async () => {
    expect(await tags([], refused)).toEqual({
      status: 3,
      stdout: '',
      stderr: 'error: other tags share it\n  hint: use --untag\n',
    });
  });

  it.each([['-o', 'json'], ['-ojson'], ['--output=json'], ['-o', 'ndjson']])(
    'is JSON on stdout with %s',
    async (...argv) => {
      const done = await tags(argv, refused);
      expect(done.status).toBe(3);
      expect(JSON.parse(done.stdout)).toEqual({
        error: { code: 'TAG_SHARED', message: 'other tags share it', hint: 'use --untag', exit: 3 },
      });
      expect(done.stderr).toContain('other tags share it');
    },
  );

  it('of usage is JSON too', async () => {
    const done = await tags(['-o', 'json', '--nope'], result({}));
    expect(done.status).toBe(64);
    expect(JSON.parse(done.stdout)).toMatchObject({ error: { code: 'USAGE', exit: 64 } });
  });

  it('on a terminal is told once', async () => {
    const done = await tags(['-o', 'json'], refused, { stdoutTty: true });
    expect(done.stderr).toBe('');
  });

  it('in mid-stream leaves stdout parseable: JSON is held back, NDJSON gets a last line', async () => {
    const cut = names('a', refused);
    expect(JSON.parse((await tags(['-o', 'json'], cut)).stdout)).toMatchObject({
      error: { exit: 3 },
    });
    const lines = (await tags(['-o', 'ndjson'], cut)).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      'a',
      { error: { exit: 3 } },
    ]);
    expect(await tags([], cut)).toMatchObject({ status: 3, stdout: 'a\n' });
  });

  it('never follows half a JSON text, where it would pass for content', async () => {
    const long = 'x'.repeat(5 * 1024 * 1024);
    const done = await tags(['-o', 'json'], names(long, refused));
    expect(done.status).toBe(3);
    expect(done.stdout).toBe(`{\n  "Tags": [\n    "${long}"`);
    expect(done.stderr).toContain('other tags share it');
  });

  it('without a code is a bug', async () => {
    const done = await tags([], new TypeError('x is undefined'));
    expect(done.status).toBe(1);
    expect(done.stderr).toContain('Please report it');
    expect(done.stderr).toContain('main.test.ts');
  });

  it('of a template comes before the command does anything', async () => {
    let ran = false;
    const run = async (): Promise<Result> => {
      ran = true;
      return result({});
    };
    expect((await tags(['--format', '{{nope}}'], { run })).status).toBe(64);
    expect(ran).toBe(false);
  });
});

describe('being stopped', () => {
  const untilAborted: CommandModule['run'] = (_context, _input, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('socket hang up')));
    });

  /** Starts `tags`; resolves once the command runs. */
  async function started(
    argv: readonly string[],
    run: CommandModule['run'],
  ): Promise<{ io: ReturnType<typeof fakeIo>; status: Promise<number> }> {
    const io = fakeIo(['tags', ...argv]);
    let status: Promise<number> = Promise.resolve(-1);
    await new Promise<void>((resolve) => {
      const observed: CommandModule['run'] = (context, input, options) => {
        resolve();
        return run(context, input, options);
      };
      status = main(io, async () => group(spec({ run: observed })));
    });
    return { io, status };
  }

  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const)('%s is exit status %i, whatever failed because of it', async (name, code, word) => {
    const { io, status } = await started([], untilAborted);
    io.kill(name);
    expect(await status).toBe(code);
    expect(io.stderr.text()).toBe(`error: ${word}\n`);
    expect(io.exits).toEqual([]);
  });

  it('a second signal ends the process at once', async () => {
    let release = (): void => undefined;
    const held = new Promise<Result>((resolve) => {
      release = () => resolve(result({}));
    });
    const { io, status } = await started([], () => held);
    io.kill('SIGINT');
    io.kill('SIGTERM');
    expect(io.exits).toEqual([143]);
    release();
    expect(await status).toBe(0);
  });

  it('--command-timeout is a TIMEOUT', async () => {
    const done = await tags(['--command-timeout', '20ms', '-o', 'json'], { run: untilAborted });
    expect(done.status).toBe(1);
    expect(JSON.parse(done.stdout)).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  describe('a long wait', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => void vi.useRealTimers());
    const waiting: CommandModule['run'] = (context, input, options) => {
      (context.machine as Machine).beginWait?.('another run');
      return untilAborted(context, input, options);
    };

    it.each([
      [[], 'waiting for another run\n'],
      [['--quiet'], ''],
    ])('is told (%j)', async (flags, told) => {
      const { io, status } = await started(flags, waiting);
      vi.advanceTimersByTime(1000);
      expect(io.stderr.text()).toBe(told);
      io.kill('SIGINT');
      expect(await status).toBe(130);
    });

    it.each([
      ['20s', '20s'],
      ['1500ms', '1.5s'],
    ])('is named by the error of a command that took longer than %s', async (limit, shown) => {
      const { io, status } = await started(['--command-timeout', limit], waiting);
      vi.advanceTimersByTime(20_000);
      expect(await status).toBe(1);
      expect(io.stderr.text()).toContain(
        `timed out after ${shown}\n  why: it waited for another run\n`,
      );
    });
  });

  it('a closed pipe is quiet', async () => {
    const base = fakeIo(['tags']);
    const closed = Object.assign(
      new Writable({
        write: (_chunk, _encoding, done) =>
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
      }),
      { text: () => '' },
    );
    const io: Io = { ...base, stdout: closed };
    const run = async (): Promise<Result> => result({ text: () => 'x' });
    expect(await main(io, async () => group(spec({ run })))).toBe(0);
    expect(base.stderr.text()).toBe('');
  });
});

describe('messages', () => {
  it('--quiet silences notes and keeps warnings, each said once and made safe', async () => {
    const run: CommandModule['run'] = async (context) => {
      context.note('a note\u001b[2J');
      context.warn('careful\u001b[2J');
      context.warn('careful\u001b[2J');
      return result({});
    };
    expect((await tags([], { run })).stderr).toBe('a note\\x1b[2J\nwarning: careful\\x1b[2J\n');
    expect((await tags(['-q'], { run })).stderr).toBe('warning: careful\\x1b[2J\n');
  });

  it('--version needs no table', async () => {
    for (const flag of ['--version', '-v']) {
      const io = fakeIo([flag]);
      expect(await main(io, () => Promise.reject(new Error('Unexpected call to the table')))).toBe(
        0,
      );
      expect(io.stdout.text()).toMatch(
        /^regctl \d\S+\nNode\.js \S+, OpenSSL \S+, \S+\n\w+: \S+\n$/,
      );
    }
  });
});
