import { describe, expect, it } from 'vitest';
import type { CopyEvent } from '../../../src/copy/types.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { createBarProgress } from '../../../src/cli/progress/bar.ts';
import { createPlainProgress } from '../../../src/cli/progress/plain.ts';
import { createProgressState } from '../../../src/cli/progress/state.ts';
import { activeRows, totalLine } from '../../../src/cli/progress/text.ts';
import { createWriter } from '../../../src/cli/output/writer.ts';
import { chooseProgress, createProgress } from '../../../src/cli/progress/progress.ts';
import { digestOf, shortDigest } from '../../../src/oci/digest.ts';
import { capture } from '../fake-io.ts';

function blob(name: string, size: number): Descriptor {
  const digest = digestOf(Buffer.from(name), 'sha256');
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size };
}

const a = blob('a', 1_000_000);
const b = blob('b', 3_000_000);
const shortA = shortDigest(a.digest);

/** A clock that only the test moves. */
function clock(): { now: () => Date; pass: (ms: number) => void } {
  let ms = 0;
  return { now: () => new Date(ms), pass: (more) => void (ms += more) };
}

describe('the state', () => {
  it('adds events up; a node that starts over goes back', () => {
    const { now, pass } = clock();
    const state = createProgressState(now);
    state.apply({ type: 'found', descriptor: a });
    state.apply({ type: 'found', descriptor: b });
    state.apply({ type: 'start', descriptor: b });
    state.apply({ type: 'bytes', descriptor: b, done: 2_000_000 });
    state.apply({ type: 'bytes', descriptor: b, done: 1_500_000 });
    state.apply({ type: 'end', descriptor: a, outcome: 'present' });
    pass(1000);
    expect(state.totals()).toMatchObject({ found: 2, ended: 1, size: 4_000_000, done: 2_500_000 });
    expect(totalLine(state)).toBe('1/2 parts, 2.5 MB of 4 MB (62%), 1.5 MB/s, 1s left');
    expect(activeRows(state, now(), 100)).toBe(
      `  ${shortDigest(b.digest)} ██████████░░░░░░░░░░  50%  1.5 MB / 3 MB         1.5 MB/s\n`,
    );
  });

  it('shows at most eight transfers, none wider than the terminal', () => {
    const { now } = clock();
    const state = createProgressState(now);
    for (let n = 0; n < 12; n += 1) {
      state.apply({ type: 'start', descriptor: blob(`layer ${n}`, 10) });
    }
    const rows = activeRows(state, now(), 30).trimEnd().split('\n');
    expect(rows).toHaveLength(9);
    expect(rows.at(-1)).toBe('  and 4 more');
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(30);
  });
});

describe('a wait after what moves is done with, as in a list', () => {
  const wait: CopyEvent = { type: 'retry', attempt: 1, delayMs: 8000, reason: 'HTTP 429 from r' };

  it.each([
    ['plain', 'retry 1 in 8s: HTTP 429 from r\n'],
    ['bar', 'retry 1 in 8s: HTTP 429 from r\n'],
    ['json', `${JSON.stringify(wait)}\n`],
  ] as const)('is told (%s)', async (form, expected) => {
    const stderr = capture();
    const progress = createProgress(form, {
      stderr,
      stdout: createWriter(capture()),
      now: () => new Date(0),
      writeLine: (line) => void stderr.write(`${line}\n`),
      colour: false,
    });
    await progress.close(true);
    progress.emit({ type: 'found', descriptor: a });
    progress.emit(wait);
    await expect.poll(() => stderr.text()).toBe(expected);
  });
});

describe('plain progress', () => {
  it('is a line for each blob done, a summary every ten seconds, and a total', () => {
    const { now, pass } = clock();
    const lines: string[] = [];
    const progress = createPlainProgress({ now, writeLine: (line) => void lines.push(line) });
    progress.emit({ type: 'found', descriptor: a });
    progress.emit({ type: 'found', descriptor: b });
    progress.emit({ type: 'start', descriptor: a });
    pass(9_000);
    progress.emit({ type: 'bytes', descriptor: a, done: 500_000 });
    expect(lines).toEqual([]);
    pass(1_000);
    progress.emit({ type: 'bytes', descriptor: a, done: 600_000 });
    progress.emit({ type: 'bytes', descriptor: a, done: 700_000 });
    progress.emit({ type: 'end', descriptor: a, outcome: 'written' });
    progress.emit({ type: 'end', descriptor: a, outcome: 'written' });
    progress.emit({ type: 'retry', attempt: 1, delayMs: 2000, reason: 'HTTP 503' });
    progress.emit({ type: 'warning', text: 'old format' });
    progress.emit({ type: 'end', descriptor: b, outcome: 'mounted' });
    progress.close(true);
    expect(lines).toEqual([
      '0/2 parts, 600 kB of 4 MB (15%), 60 kB/s, 57s left',
      `${shortA}  1 MB  written  (1/2)`,
      'retry 1 in 2s: HTTP 503',
      'warning: old format',
      `${shortDigest(b.digest)}  3 MB  mounted  (2/2)`,
      '2 parts: 1 written, 1 mounted; 1 MB sent in 10s',
    ]);
  });

  it('says no total of what failed', () => {
    const lines: string[] = [];
    const progress = createPlainProgress({
      now: clock().now,
      writeLine: (line) => void lines.push(line),
    });
    progress.emit({ type: 'end', descriptor: a, outcome: 'written' });
    progress.close(false);
    expect(lines).toHaveLength(1);
  });
});

describe('the bar', () => {
  const events: readonly CopyEvent[] = [
    { type: 'found', descriptor: a },
    { type: 'start', descriptor: a },
    { type: 'bytes', descriptor: a, done: 250_000 },
  ];

  it('shows transfers and total, and puts the cursor back', async () => {
    const stderr = capture(true);
    const bar = await createBarProgress({
      stderr,
      now: clock().now,
      colour: false,
      writeLine: (line) => void stderr.write(`${line}\n`),
    });
    events.forEach((event) => bar.emit(event));
    bar.emit({ type: 'warning', text: 'careful' });
    expect(stderr.text()).toContain('0/1 parts, 250 kB of 1 MB (25%)');
    expect(stderr.text()).toContain(`${shortA} █████░░░`);
    expect(stderr.text()).toContain('\u001b[?25l');
    bar.emit({ type: 'end', descriptor: a, outcome: 'written' });
    bar.close(true);
    const last = stderr.text().lastIndexOf('\u001b[?25');
    expect(stderr.text().slice(last, last + 6)).toBe('\u001b[?25h');
    expect(stderr.text()).toMatch(/1 part: 1 written; 1 MB sent in 0s\n$/);
    expect(stderr.write).toBe(capture().write);
  });

  it('does not spin for a retry of something that is no copy', async () => {
    const stderr = capture(true);
    const bar = await createBarProgress({
      stderr,
      now: clock().now,
      colour: false,
      writeLine: (line) => void stderr.write(`${line}\n`),
    });
    bar.emit({ type: 'retry', attempt: 1, delayMs: 1000, reason: 'HTTP 429' });
    bar.close(true);
    expect(stderr.text()).toBe('retry 1 in 1s: HTTP 429\n');
  });
});

describe('the choice', () => {
  it.each([
    ['auto', false, true, {}, 'bar'],
    ['auto', false, false, {}, 'plain'],
    ['auto', false, true, { CI: 'true' }, 'plain'],
    ['auto', false, true, { TERM: 'dumb' }, 'plain'],
    ['auto', true, true, {}, 'none'],
    ['json', true, true, {}, 'none'],
    ['json', false, true, {}, 'json'],
    ['bar', false, false, {}, 'bar'],
  ] as const)('%s, quiet %s, terminal %s, %j → %s', (form, quiet, tty, env, chosen) => {
    expect(chooseProgress(form, quiet, capture(tty), env)).toBe(chosen);
  });

  it('keeps what happens while it loads, also when the copy ends meanwhile', async () => {
    const stderr = capture();
    const progress = createProgress('json', {
      stderr,
      stdout: createWriter(capture()),
      now: clock().now,
      colour: false,
      writeLine: () => undefined,
    });
    const events: readonly CopyEvent[] = [
      { type: 'start', descriptor: a },
      { type: 'end', descriptor: a, outcome: 'written' },
    ];
    events.forEach((event) => progress.emit(event));
    await progress.close(true);
    progress.emit({ type: 'warning', text: 'too late' });
    const lines = stderr.text().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
  });

  it('none is silent but for warnings', async () => {
    const lines: string[] = [];
    const progress = createProgress('none', {
      stderr: capture(),
      stdout: createWriter(capture()),
      now: clock().now,
      colour: false,
      writeLine: (line) => void lines.push(line),
    });
    progress.emit({ type: 'end', descriptor: a, outcome: 'written' });
    progress.emit({ type: 'retry', attempt: 1, delayMs: 1, reason: 'x' });
    progress.emit({ type: 'warning', text: 'w' });
    await progress.close(true);
    expect(lines).toEqual(['warning: w']);
  });
});
