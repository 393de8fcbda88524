import { describe, expect, it } from 'vitest';
import { AppError, CopyError, IntegrityError, wrapError } from '../../src/errors/app-error.ts';

describe('errors with context', () => {
  const cause = new AppError('UNAUTHORIZED', 'inner', { hint: 'log in', details: { a: 1 } });

  it('keep code, hint and details of their cause', () => {
    const wrapped = wrapError(cause, 'IO', 'outer');
    expect(wrapped).toMatchObject({
      code: 'UNAUTHORIZED',
      message: 'outer',
      hint: 'log in',
      details: { a: 1 },
      cause,
    });
    const copy = new CopyError('source', 'copying', cause, 'sha256:aa');
    expect(copy).toMatchObject({ code: 'UNAUTHORIZED', hint: 'log in', side: 'source', cause });
  });

  it('give a code to what had none', () => {
    const plain = new Error('EIO');
    expect(wrapError(plain, 'IO', 'reading x')).toMatchObject({ code: 'IO', cause: plain });
  });

  it('end in the exit status of their code', () => {
    const facts = { expected: 'a', actual: 'b' };
    expect(new IntegrityError('DIGEST_MISMATCH', 'm', facts).exitStatus).toBe(5);
    expect(new AppError('INTERRUPTED', 'm').exitStatus).toBe(130);
  });

  it('hide passwords in all texts', () => {
    const text = 'u:hunter2@x';
    const error = new AppError('USAGE', text, {
      why: [text],
      hint: text,
      excerpt: `${text}\n  ^`,
      details: { text, list: [1] },
    });
    const { message, why, hint, excerpt, details } = error;
    expect({ message, why, hint, excerpt, details }).toEqual({
      message: 'u:REDACTED@x',
      why: ['u:REDACTED@x'],
      hint: 'u:REDACTED@x',
      excerpt: undefined,
      details: { text: 'u:REDACTED@x', list: [1] },
    });
  });
});
