import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { createTerminal } from '../../../src/cli/process/terminal.ts';
import { capture, type Captured } from '../fake-io.ts';

function person(): { stdin: PassThrough & { isTTY: boolean }; stderr: Captured } {
  return { stdin: Object.assign(new PassThrough(), { isTTY: true }), stderr: capture(true) };
}

describe('questions', () => {
  it('are asked on stderr', async () => {
    const io = person();
    const answer = createTerminal(io).prompt('Username:');
    io.stdin.write('ann\n');
    expect(await answer).toBe('ann');
    expect(io.stderr.text()).toContain('Username: ');
  });

  it('hide a password', async () => {
    const io = person();
    const answer = createTerminal(io).prompt('Password:', { hidden: true });
    io.stdin.write('s3cret\r');
    expect(await answer).toBe('s3cret');
    expect(io.stderr.text()).toBe('Password: \n');
  });

  it('keep the lines behind an answer for the next question', async () => {
    const io = person();
    const terminal = createTerminal(io);
    const name = terminal.prompt('Username:');
    io.stdin.write('ann\n');
    expect(await name).toBe('ann');
    const password = terminal.prompt('Password:', { hidden: true });
    io.stdin.write('pw\n');
    expect(await password).toBe('pw');
  });

  it.each([
    ['y', true],
    ['Yes', true],
    ['', false],
    ['n', false],
    ['yikes', false],
  ])('are confirmed by %j: %s', async (typed, expected) => {
    const io = person();
    const answer = createTerminal(io).confirm('Delete?');
    io.stdin.write(`${typed}\n`);
    expect(await answer).toBe(expected);
  });

  it('end with Ctrl-C, Ctrl-D and an abort', async () => {
    for (const [key, code] of [
      ['\u0003', 'INTERRUPTED'],
      ['\u0004', 'DECLINED'],
    ] as const) {
      const io = person();
      const answer = createTerminal(io).prompt('Password:', { hidden: true });
      io.stdin.write(key);
      await expect(answer).rejects.toMatchObject({ code });
    }
    const controller = new AbortController();
    const answer = createTerminal(person()).prompt('Name:', { signal: controller.signal });
    const reason = new AppError('TERMINATED', 'terminated');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });

  it('are refused without a terminal, and made safe', async () => {
    const io = { stdin: new PassThrough(), stderr: capture() };
    const terminal = createTerminal(io);
    expect(terminal.interactive).toBe(false);
    await expect(terminal.prompt('Name\u001b:')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'cannot ask "Name\\x1b:" without a terminal',
    });
  });
});

describe('standard input', () => {
  it('is read to its end, within the limit', async () => {
    const stdin = new PassThrough();
    stdin.end('secret\n');
    const waits: string[] = [];
    const terminal = createTerminal({ stdin, stderr: capture() }, (what) => {
      waits.push(what);
      return () => void waits.push('over');
    });
    expect(await terminal.readStdin(10)).toBe('secret\n');
    expect(waits.slice(0, 2)).toEqual(['standard input', 'over']);
  });

  it('is not read beyond it', async () => {
    const stdin = new PassThrough();
    stdin.write('x'.repeat(11));
    await expect(createTerminal({ stdin, stderr: capture() }).readStdin(10)).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('stops waiting when it is aborted', async () => {
    const controller = new AbortController();
    const stdin = new PassThrough();
    const text = createTerminal({ stdin, stderr: capture() }).readStdin(10, {
      signal: controller.signal,
    });
    const reason = new AppError('INTERRUPTED', 'interrupted');
    controller.abort(reason);
    await expect(text).rejects.toBe(reason);
  });
});
