import { EXIT_STATUS } from '../../errors/codes.ts';
import { AppError } from '../../errors/app-error.ts';
import { totalsOf, type ImageResult, type SyncTotals } from '../../sync/results.ts';
import { formatSize } from '../../util/text/units.ts';
import { shortDigest } from '../../oci/digest.ts';
import { displayWidth } from '../output/width.ts';
import type { Style } from '../result.ts';

/** What a run cost, or what a dry run says that a run will cost. */
export interface SyncCost {
  readonly requests: number;
  /** Manifests read from Docker Hub, or from any source that has a budget. */
  readonly pulls: number;
}

export interface ImageJson {
  readonly Source: string;
  readonly Destination: string;
  readonly Digest: string | null;
  readonly Outcome: ImageResult['outcome'];
  readonly Because: string;
  readonly Bytes: number;
  readonly Error: object | null;
}

export function imageJson(image: ImageResult): ImageJson {
  const { source, destination, digest, outcome, because, bytes, error } = image;
  return {
    Source: source,
    Destination: destination,
    Digest: digest ?? null,
    Outcome: outcome,
    Because: because,
    Bytes: bytes,
    Error: error === undefined ? null : errorJson(error),
  };
}

function errorJson(error: AppError): object {
  const { code, message, hint } = error;
  return { code, message, why: lastReason(error), hint: hint ?? null, exit: EXIT_STATUS[code] };
}

/** Message of the deepest cause, which says what went wrong; `null` if the error says it itself. */
function lastReason(error: AppError): string | null {
  let last: unknown = error;
  while (last instanceof AppError && last.cause instanceof AppError) last = last.cause;
  const { message } = last as AppError;
  return error.message.includes(message) ? null : message;
}

export function syncJson(images: readonly ImageResult[], cost: SyncCost): object {
  const { copied, unchanged, deleted, failed, skipped, bytes } = totalsOf(images);
  return {
    Images: images.map(imageJson),
    Totals: {
      Copied: copied,
      Unchanged: unchanged,
      Deleted: deleted,
      Failed: failed,
      Skipped: skipped,
      Bytes: bytes,
      Requests: cost.requests,
      Pulls: cost.pulls,
      Sources: new Set(images.map(({ source }) => repositoryOf(source))).size,
    },
  };
}

/** Removes tag and digest. */
const repositoryOf = (source: string): string => source.replace(/@.*$|:[^:/]*$/u, '');

/** Renders an image as one line. */
export function imageLine(image: ImageResult, style: Style): string {
  const { source, destination, digest, outcome, because, error } = image;
  const word = outcome.padEnd('unchanged'.length);
  const paint = {
    copied: style.green,
    unchanged: style.dim,
    deleted: style.yellow,
    failed: style.red,
    skipped: style.dim,
  }[outcome];
  if (error !== undefined) {
    const reason = lastReason(error);
    const why = reason === null ? error.message : `${error.message}: ${reason}`;
    return `${paint(word)}  ${source}: ${why}\n`;
  }
  if (style.terminal) return terminalLine(image, paint(word), style);
  const at = digest === undefined ? '' : `@${digest}`;
  const more = outcome === 'unchanged' ? '' : style.dim(` (${because})`);
  const to = outcome === 'deleted' ? `${destination}${at}` : `${source} -> ${destination}${at}`;
  return `${paint(word)}  ${to}${more}\n`;
}

/** On a terminal: a short digest, and on a second line what does not fit on one. */
function terminalLine(
  { source, destination, digest, outcome, because }: ImageResult,
  word: string,
  style: Style,
): string {
  const short = digest === undefined ? '' : `  ${shortDigest(digest)}`;
  const why = outcome === 'unchanged' ? '' : ` (${because})`;
  const indent = ' '.repeat('unchanged  '.length);
  const end = `${short}${why}`;
  if (outcome === 'deleted') return `${word}  ${destination}${style.dim(end)}\n`;
  const both = `${source} -> ${destination}`;
  const isShort = displayWidth(`${indent}${both}${end}`) <= style.width;
  if (isShort) return `${word}  ${both}${style.dim(end)}\n`;
  const details = `${end.trimStart()} from ${source}`;
  return `${word}  ${destination}\n${indent}${style.dim(details)}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** "about 31 requests and 4 counted pulls" */
export function costLine({ requests, pulls }: SyncCost): string {
  return `about ${counted(requests, 'request')} and ${counted(pulls, 'counted pull')}`;
}

/** Summarizes a run in one line. */
export function totalsLine(totals: SyncTotals): string {
  const { copied, unchanged, deleted, failed, skipped, bytes } = totals;
  const extra = [
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return [
    `${copied} copied`,
    `${unchanged} unchanged`,
    ...extra,
    `${failed} failed`,
    `${formatSize(bytes)} sent`,
  ].join(', ');
}
