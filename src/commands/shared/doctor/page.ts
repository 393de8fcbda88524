import { sanitize } from '../../../errors/sanitize.ts';
import type { Style } from '../../types.ts';
import { displayWidth, padEnd, padStart } from '../width.ts';
import type { Verdict } from './check.ts';
import type { Finding } from './examine.ts';

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
  skipped: '–',
};
/** Narrowest that details are wrapped to. */
const MIN_DETAIL = 24;
const TIME_WIDTH = 8;

type Paint = (text: string) => string;

/** The report: on a terminal wrapped to its width, on a pipe a line a check and one for its cure. */
export function doctorPage(title: string, findings: readonly Finding[], style: Style): string {
  const width = Math.max(...findings.map(({ name }) => displayWidth(name)));
  const body = style.terminal
    ? findings.flatMap((one) => wrapped(one, width, style))
    : findings.flatMap((one) => plain(one, width));
  return [style.bold(sanitize(title)), '', ...body, '', conclusion(findings, style)].join('\n');
}

function paintOf(verdict: Verdict, style: Style): Paint {
  const paints = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim };
  return paints[verdict];
}

function wrapped(finding: Finding, nameWidth: number, style: Style): readonly string[] {
  const { name, verdict, details, hint, elapsedMs } = finding;
  const left = nameWidth + 5;
  const room = Math.max(MIN_DETAIL, style.width - left - TIME_WIDTH - 1);
  const paint = paintOf(verdict, style);
  const body = verdict === 'skipped' ? style.dim : (text: string) => text;
  const [first = '', ...rest] = details.flatMap((text) => wrap(sanitize(text), room));
  const time = verdict === 'skipped' ? '' : padStart(`${elapsedMs} ms`, TIME_WIDTH);
  const indent = ' '.repeat(left);
  const cure = hint === undefined ? [] : wrap(sanitize(hint), room + TIME_WIDTH - 1);
  return [
    ` ${paint(MARKS[verdict])} ${paint(padEnd(name, nameWidth))}  ${body(padEnd(first, room))} ${style.dim(time)}`.trimEnd(),
    ...rest.map((line) => `${indent}${style.dim(line)}`),
    ...cure.map((line, i) => `${indent}${style.cyan(i === 0 ? '→' : ' ')} ${style.cyan(line)}`),
  ];
}

function plain(
  { name, verdict, details, hint, elapsedMs }: Finding,
  width: number,
): readonly string[] {
  const text = details.map((line) => sanitize(line)).join('; ');
  const cure = hint === undefined ? [] : [`${' '.repeat(width + 11)}→ ${sanitize(hint)}`];
  const time = verdict === 'skipped' ? '' : ` (${elapsedMs} ms)`;
  return [`${verdict.padEnd(7)}  ${padEnd(name, width)}  ${text}${time}`, ...cure];
}

function conclusion(findings: readonly Finding[], style: Style): string {
  const failed = findings.filter(({ verdict }) => verdict === 'failed');
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  const told = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (failed.length === 0) return style.green(`healthy${told}`);
  return style.red(`not healthy: ${failed.map(({ name }) => name).join(', ')} failed${told}`);
}

/** Breaks at spaces; a word longer than a line is cut where the line ends. */
function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, columns))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function pieces(word: string, columns: number): readonly string[] {
  if (displayWidth(word) <= columns) return [word];
  const all: string[] = [];
  let piece = '';
  for (const char of word) {
    if (displayWidth(piece + char) > columns) {
      all.push(piece);
      piece = '';
    }
    piece += char;
  }
  return [...all, piece];
}
