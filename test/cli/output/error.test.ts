import { describe, expect, it } from 'vitest';
import { AppError, RegistryError } from '../../../src/errors/app-error.ts';
import { errorJson, errorText, reportError } from '../../../src/cli/output/error.ts';
import { plainStyle } from '../../../src/cli/output/style.ts';
import { capture } from '../fake-io.ts';

const style = plainStyle(capture());
const text = (error: unknown): string => errorText(reportError(error), style);

describe('errors as text', () => {
  it('say what, why and what to do, in three lines', () => {
    const cause = new AppError('NETWORK', 'cannot reach ghcr.io', {
      cause: new Error('connect ECONNREFUSED 127.0.0.1:1'),
    });
    const error = new AppError('NETWORK', 'cannot list the tags of ghcr.io/a', {
      cause,
      hint: 'Is it up?',
    });
    expect(text(error)).toBe(
      'error: cannot list the tags of ghcr.io/a\n' +
        '  why: cannot reach ghcr.io: connect ECONNREFUSED 127.0.0.1:1\n' +
        '  hint: Is it up?\n',
    );
  });

  it('do not repeat a cause that the message holds already', () => {
    const cause = new Error('no such file');
    expect(text(new AppError('IO', 'cannot read x: no such file', { cause }))).toBe(
      'error: cannot read x: no such file\n',
    );
  });

  it("give the registry's own words once", () => {
    const facts = {
      status: 404,
      method: 'GET',
      url: 'https://r/v2/',
      errors: [{ code: 'NAME_UNKNOWN', message: 'never heard of it' }],
    };
    const words = 'NAME_UNKNOWN: never heard of it';
    const bare = new RegistryError('REPOSITORY_UNKNOWN', 'r/a does not exist', facts);
    expect(text(bare)).toBe(`error: r/a does not exist\n  why: ${words} (HTTP 404)\n`);
    const told = new RegistryError('REPOSITORY_UNKNOWN', `r/a: ${words}`, facts);
    expect(text(told)).toBe(`error: r/a: ${words}\n`);
  });

  it('tell the failures behind an empty AggregateError, each once', () => {
    const refused = (): Error => new Error('connect ECONNREFUSED');
    const cause = new AggregateError([refused(), refused()], '');
    expect(text(new AppError('NETWORK', 'x', { cause }))).toContain('why: connect ECONNREFUSED\n');
  });

  it('keep a caret below its name, and the cure beside it, in three lines', () => {
    const error = new AppError('INVALID_REFERENCE', 'invalid\n  a/B\n    ^', { hint: 'Use a/b.' });
    expect(text(error)).toBe('error: invalid\n  a/B\n    ^ Use a/b.\n');
  });

  it('fold into three lines whatever there is to say', () => {
    const error = new AppError('UNAUTHORIZED', 'first\nsecond\nno credentials were sent', {
      hint: 'Sign in.',
      cause: new Error('denied'),
    });
    expect(text(error)).toBe(
      'error: first\n  second\n  no credentials were sent. denied. Sign in.\n',
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
