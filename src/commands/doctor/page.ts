import { sanitize } from '../../errors/sanitize.ts';
import type { Style } from '../result.ts';
import { padEnd, padStart, wrap } from '../output/width.ts';
import type { Verdict } from './check.ts';
import type { CheckReport } from './run-checks.ts';

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
  skipped: '–',
};
/** Minimum width of wrapped details, in columns. */
const MIN_DETAIL = 12;
const TIME_WIDTH = 8;

type Paint = (text: string) => string;

export interface PageOptions {
  readonly title: string;
  /** Replaced by "~" in paths. */
  readonly home: string | undefined;
  /** Columns of the longest name. */
  readonly nameWidth: number;
}

/**
 * Yields the report piece by piece: wrapped to the width of a terminal; on a pipe, one line for
 * each check and one for its hint.
 */
export async function* doctorPage(
  findings: AsyncIterable<CheckReport>,
  { title, home, nameWidth }: PageOptions,
  style: Style,
): AsyncGenerator<string> {
  yield `${style.bold(sanitize(title))}\n\n`;
  const all: CheckReport[] = [];
  for await (const report of findings) {
    all.push(report);
    const safe = readable(report, home);
    const lines = style.terminal ? wrapped(safe, nameWidth, style) : plain(safe, nameWidth);
    yield `${lines.join('\n')}\n`;
  }
  yield `\n${conclusion(all, style)}\n`;
}

function readable(report: CheckReport, home = ''): CheckReport {
  const { details, hint } = report;
  const short = (text: string): string =>
    sanitize(home.length > 1 ? text.replaceAll(`${home}/`, '~/') : text);
  return { ...report, details: details.map(short), hint: hint && short(hint) };
}

function paintOf(verdict: Verdict, style: Style): Paint {
  const paints = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim };
  return paints[verdict];
}

function wrapped(report: CheckReport, nameWidth: number, style: Style): readonly string[] {
  const { name, verdict, details, hint, elapsedMs } = report;
  const left = nameWidth + 5;
  const room = Math.max(MIN_DETAIL, style.width - left - TIME_WIDTH - 1);
  const paint = paintOf(verdict, style);
  const body = verdict === 'skipped' ? style.dim : (text: string) => text;
  const full = room + TIME_WIDTH;
  const [opening = '', ...others] = details;
  const [first = '', ...tail] = wrap(opening, full, room);
  const rest = others.flatMap((text) => wrap(text, full));
  const time = verdict === 'skipped' ? '' : padStart(`${elapsedMs} ms`, TIME_WIDTH);
  const indent = ' '.repeat(left);
  const hintLines = hint === undefined ? [] : wrap(hint, full - 2);
  return [
    ` ${paint(MARKS[verdict])} ${paint(padEnd(name, nameWidth))}  ${body(padEnd(first, room))} ${style.dim(time)}`.trimEnd(),
    ...tail.map((line) => `${indent}${body(line)}`),
    ...rest.map((line) => `${indent}${style.dim(line)}`),
    ...hintLines.map(
      (line, i) => `${indent}${style.cyan(i === 0 ? '→' : ' ')} ${style.cyan(line)}`,
    ),
  ];
}

function plain(
  { name, verdict, details, hint, elapsedMs }: CheckReport,
  width: number,
): readonly string[] {
  const text = details.join('; ');
  const hintLines = hint === undefined ? [] : [`${' '.repeat(width + 11)}→ ${hint}`];
  const time = verdict === 'skipped' ? '' : ` (${elapsedMs} ms)`;
  return [`${verdict.padEnd(7)}  ${padEnd(name, width)}  ${text}${time}`, ...hintLines];
}

function conclusion(findings: readonly CheckReport[], style: Style): string {
  const failed = findings.filter(({ verdict }) => verdict === 'failed');
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  const told = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (failed.length === 0) return style.green(`healthy${told}`);
  return style.red(`not healthy: ${failed.map(({ name }) => name).join(', ')} failed${told}`);
}
