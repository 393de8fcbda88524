import type { NodeProgress, ProgressState, Totals } from './state.ts';
import { formatSize } from '../../util/text/units.ts';
import { shortDigest } from '../../oci/digest.ts';
import { formatDuration } from '../args/duration.ts';

const BAR = 20;

/** Maximum number of lines, so that earlier output stays visible. */
const MAX_ROWS = 8;

/** A line for each running transfer: digest, bar, share, size, speed; truncated to `width`. */
export function activeRows(state: ProgressState, now: Date, width: number): string {
  const active = state.active();
  const rows = active.slice(0, MAX_ROWS).map((node) => row(node, now.getTime()));
  const more = active.length - rows.length;
  return [...rows, ...(more > 0 ? [`  and ${more} more`] : [])]
    .map((line) => `${line.slice(0, Math.max(1, width - 1))}\n`)
    .join('');
}

function row(node: NodeProgress, now: number): string {
  const share = percent(node.done, node.size);
  const filled = Math.floor((share * BAR) / 100);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  const size = `${formatSize(node.done)} / ${formatSize(node.size)}`.padEnd(21);
  const rate = speed(node.done, now - (node.startedAt ?? now));
  return `  ${shortDigest(node.digest)} ${bar} ${String(share).padStart(3)}%  ${size} ${rate}`;
}

/** `done` as a percentage of `total`; 100 if `total` is 0. */
export function percent(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}

/** "3/12 parts, 45.2 MB of 120 MB (37%), 12 MB/s, 7s left". */
export function totalLine(state: ProgressState): string {
  const { found, ended, size, done, sent } = state.totals();
  const share = `${formatSize(done)} of ${formatSize(size)} (${percent(done, size)}%)`;
  const elapsed = state.elapsed();
  const rate = speed(sent, elapsed);
  const left = rate === '' ? '' : timeLeft(size - done, sent / elapsed);
  return [`${ended}/${found} parts`, share, rate, left].filter((part) => part !== '').join(', ');
}

/** What the rest takes at this many bytes a millisecond; empty if it is less than a second. */
function timeLeft(bytes: number, rate: number): string {
  const ms = bytes / rate;
  return ms < 1000 ? '' : `${formatDuration(Math.round(ms / 1000) * 1000)} left`;
}

/** "12 parts: 8 written, 1 mounted, 3 already there; 120 MB sent in 10s". */
export function finalLine(totals: Totals, elapsedMs: number): string {
  const { written, mounted, present } = totals.outcomes;
  const parts = [
    written > 0 ? `${written} written` : '',
    mounted > 0 ? `${mounted} mounted` : '',
    present > 0 ? `${present} already there` : '',
  ].filter((part) => part !== '');
  const outcome = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  const sent = `${formatSize(totals.sent)} sent in ${formatDuration(elapsedMs)}`;
  return `${totals.ended} ${totals.ended === 1 ? 'part' : 'parts'}${outcome}; ${sent}`;
}

/** Empty until there is enough data for a measurement. */
function speed(bytes: number, elapsedMs: number): string {
  return bytes === 0 || elapsedMs < 100 ? '' : `${formatSize((bytes * 1000) / elapsedMs)}/s`;
}

/** "retry 2 in 4s: the registry answered 503". */
export function retryLine(event: { attempt: number; delayMs: number; reason: string }): string {
  return `retry ${event.attempt} in ${formatDuration(event.delayMs)}: ${event.reason}`;
}
