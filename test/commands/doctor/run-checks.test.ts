import { describe, expect, it } from 'vitest';
import { type Check, defineCheck } from '../../../src/commands/doctor/check.ts';
import { runChecks, type RunChecksOptions } from '../../../src/commands/doctor/run-checks.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { fakeContext } from '../fake-context.ts';

const TARGET = { registry: 'r.example', repository: undefined };
const ok = { verdict: 'ok', detail: 'well' } as const;
const never = (): Promise<never> => new Promise(() => undefined);

async function verdicts(checks: readonly Check[], options?: RunChecksOptions): Promise<string[]> {
  const lines: string[] = [];
  for await (const one of runChecks(checks, TARGET, fakeContext(), options)) {
    lines.push([one.name, one.verdict, one.details.join('|'), one.hint ?? ''].join(' '));
  }
  return lines;
}

const resolves = (name: string): Check =>
  defineCheck({
    name,
    needs: [],
    gives: ['resolved'],
    run: async () => ({ ...ok, facts: { resolved: true } }),
  });
const fails = (error: unknown): Check =>
  defineCheck({
    name: 'first',
    needs: [],
    gives: ['resolved'],
    run: async () => {
      throw error;
    },
  });
const second = defineCheck({
  name: 'second',
  needs: ['resolved'],
  gives: ['reached'],
  run: async () => ({ ...ok, facts: { reached: true } }),
});
const third = defineCheck({ name: 'third', needs: ['reached'], gives: [], run: async () => ok });

describe('runChecks', () => {
  it('hands facts on', async () => {
    expect(await verdicts([resolves('first'), second, third])).toEqual([
      'first ok well ',
      'second ok well ',
      'third ok well ',
    ]);
  });

  it('names the first cause of all that follows', async () => {
    const error = new AppError('NETWORK', 'no way', { why: ['HTTP 503'], hint: 'fix it' });
    expect(await verdicts([fails(error), second, third])).toEqual([
      'first failed no way|HTTP 503 fix it',
      'second skipped because first failed ',
      'third skipped because first failed ',
    ]);
  });

  it('a warning that tells too little is a cause too', async () => {
    const vague = defineCheck({
      name: 'first',
      needs: [],
      gives: ['resolved'],
      run: async () => ({ verdict: 'warning', detail: 'hm' }),
    });
    expect((await verdicts([vague, second]))[1]).toBe(
      'second skipped because first did not tell enough ',
    );
  });

  it('gives a check only so much time', async () => {
    const slow = defineCheck({ name: 'first', needs: [], gives: [], run: never });
    const [line] = await verdicts([slow], { stepMs: 20 });
    expect(line).toMatch(/^first failed no answer within 0\.02 s Check firewall, VPN and proxy/u);
  });

  it('tells of the time limit of the command, and goes no further', async () => {
    const stop = new AbortController();
    const slow = defineCheck({
      name: 'first',
      needs: [],
      gives: [],
      run: () => {
        stop.abort(new AppError('TIMEOUT', 'not done', { hint: 'more time' }));
        return never();
      },
    });
    expect(await verdicts([slow, resolves('second')], { signal: stop.signal })).toEqual([
      'first failed not done more time',
      'second failed not done more time',
    ]);
  });

  it('a warning of the program is part of the finding, with its cure', async () => {
    const warns = (verdict: 'ok' | 'failed'): Check => ({
      name: 'first',
      needs: [],
      gives: [],
      run: async (_facts, context) => {
        context.warn('others can read /f; run: chmod 600 /f');
        context.warn('odd');
        return { verdict, detail: 'well' };
      },
    });
    expect(await verdicts([warns('ok'), resolves('second')])).toEqual([
      'first warning well|others can read /f|odd chmod 600 /f',
      'second ok well ',
    ]);
    expect(await verdicts([warns('failed')])).toEqual([
      'first failed well|others can read /f|odd chmod 600 /f',
    ]);
  });

  it('an interrupt ends it, a bug is no verdict', async () => {
    const reason = new AppError('INTERRUPTED', 'interrupted');
    const interrupted = verdicts([resolves('first')], { signal: AbortSignal.abort(reason) });
    await expect(interrupted).rejects.toBe(reason);
    await expect(verdicts([fails(new TypeError('a bug'))])).rejects.toThrow('a bug');
  });
});
