import { describe, expect, it } from 'vitest';
import { AppError, CopyError, RegistryError } from '../../../src/errors/app-error.ts';
import { causeLines, errorJson, errorText, reportError } from '../../../src/cli/output/error.ts';
import { plainStyle } from '../../../src/cli/output/style.ts';
import { capture } from '../fake-io.ts';

const style = plainStyle(capture());
const text = (error: unknown): string => errorText(reportError(error), style);

describe('errors as text', () => {
  it('say what, why and what to do, in three lines', () => {
    const socket = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
      code: 'ECONNREFUSED',
    });
    const why = ['3 tries'];
    const cause = new AppError('NETWORK', 'cannot reach ghcr.io', { cause: socket, why });
    const hint = 'Check the port.';
    const error = new AppError('NETWORK', 'cannot list the tags of ghcr.io/a', { cause, hint });
    expect(text(error)).toBe(
      'error: cannot list the tags of ghcr.io/a\n' +
        '  why: cannot reach ghcr.io; 3 tries\n' +
        '  hint: Check the port.\n',
    );
    expect(causeLines(error)).toEqual([
      'cause: cannot reach ghcr.io',
      'cause: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)',
    ]);
  });

  it('do not repeat a cause that the message holds already', () => {
    const cause = new Error('no such file');
    expect(text(new AppError('IO', 'cannot read x: no such file', { cause }))).toBe(
      'error: cannot read x: no such file\n',
    );
  });

  it('name the side of a copy once, and its facts', () => {
    const why = ['HTTP 404', 'no credentials were sent'];
    const copyOf = (title: string): string =>
      text(new CopyError('source', 'cannot read r/a:1', new AppError('NETWORK', title, { why })));
    const facts = '\n  why: HTTP 404; no credentials were sent\n';
    expect(copyOf('r/a:1 does not exist')).toBe(`error: source r/a:1 does not exist${facts}`);
    expect(copyOf('cannot read r/a:1: gone')).toBe(
      `error: source: cannot read r/a:1: gone${facts}`,
    );
  });

  it('tell the failures behind an empty AggregateError, each once', () => {
    const failed = (): Error => new Error('both failed');
    const cause = new AggregateError([failed(), failed()], '');
    expect(text(new AppError('NETWORK', 'x', { cause }))).toContain('why: both failed\n');
  });

  it('keep a caret below its name, and the fix next to it, in three lines', () => {
    const options = { excerpt: '  a/B\n    ^', hint: 'Use a/b.' };
    const error = new AppError('INVALID_REFERENCE', 'invalid', options);
    expect(text(error)).toBe('error: invalid\n  a/B\n    ^ Use a/b.\n');
  });

  it('fold into three lines whatever there is to say', () => {
    const why = ['no credentials\nwere sent'];
    const cause = new Error('denied\nby the proxy');
    const error = new AppError('UNAUTHORIZED', 'first\nsecond', { hint: 'Log in.', why, cause });
    expect(text(error)).toBe(
      'error: first second\n  why: no credentials were sent; denied by the proxy\n  hint: Log in.\n',
    );
  });

  it('never let a remote text act on the terminal, start a line or flood it', () => {
    const cause = new Error(`\u001b]0;owned\u0007\n\u202eerror: fake${'x'.repeat(5000)}`);
    const shown = text(new AppError('REGISTRY_ERROR', 'bad \u009b2J', { cause }));
    expect(shown.replaceAll('\n', '')).toMatch(/^[ -~…]+$/u);
    expect(shown.trimEnd().split('\n')).toHaveLength(2);
    expect(shown.length).toBeLessThan(1500);
  });

  it('end with a circle of causes', () => {
    const one = new Error('one');
    one.cause = one;
    expect(text(new AppError('IO', 'x', { cause: one }))).toContain('why: one\n');
  });

  it('call what has no code a bug, with its stack', () => {
    const report = reportError(new TypeError('x is not a function'));
    expect(report).toMatchObject({ code: 'INTERNAL', exit: 1 });
    const shown = errorText(report, style);
    expect(shown).toContain('error: x is not a function\n');
    expect(shown).toContain('error.test.ts');
    expect(shown).toContain('Please report it');
  });

  it('survive what is not even an Error', () => {
    expect(text('just words')).toContain('error: just words\n');
    expect(text(undefined)).toContain('error: undefined\n');
  });
});

describe('errors as JSON', () => {
  it('always have code, message, hint and exit', () => {
    expect(errorJson(reportError(new AppError('TAG_EXISTS', 'no')))).toEqual({
      error: { code: 'TAG_EXISTS', message: 'no', hint: null, exit: 3 },
    });
  });

  it('carry the fields of a refusal', () => {
    const facts = {
      status: 404,
      method: 'GET',
      url: 'https://r/v2/',
      errors: [{ code: 'NAME_UNKNOWN', message: 'not here' }],
      credentials: { sent: false },
    };
    const refusal = new RegistryError('REPOSITORY_UNKNOWN', 'r/a does not exist', facts);
    const error = new CopyError('source', 'cannot read r/a', refusal);
    expect(errorJson(reportError(error))).toMatchObject({
      error: { message: 'source r/a does not exist', details: { ...facts, attempts: 1 } },
    });
  });

  it('carry details and the reason', () => {
    const error = new AppError('TAG_SHARED', 'no', {
      hint: 'h',
      details: { tags: ['a'] },
      cause: new Error('why'),
    });
    expect(errorJson(reportError(error))).toEqual({
      error: {
        code: 'TAG_SHARED',
        message: 'no',
        reason: 'why',
        hint: 'h',
        exit: 3,
        details: { tags: ['a'] },
      },
    });
  });
});
