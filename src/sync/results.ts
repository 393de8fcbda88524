import { type AppError, CopyError } from '../errors/app-error.ts';
import { EXIT_STATUS, type ErrorCode } from '../errors/codes.ts';
import type { Digest } from '../oci/digest.ts';

/** What happened to an image. */
export type SyncOutcome = 'copied' | 'unchanged' | 'deleted' | 'failed' | 'skipped';

/** The result for one image. */
export interface ImageResult {
  readonly source: string;
  readonly destination: string;
  readonly digest?: Digest | undefined;
  readonly outcome: SyncOutcome;
  /** The reason: "new", "changed", "--immutable", … */
  readonly because: string;
  readonly bytes: number;
  /** What the reference means at the source; not `digest` if platforms were chosen. */
  readonly from?: Digest | undefined;
  /** What the target's tag pointed to before; null: it did not exist. */
  readonly existing?: Digest | null | undefined;
  readonly error?: AppError | undefined;
}

/** Identifies an image of a run. */
export function resultKey({
  source,
  destination,
}: Pick<ImageResult, 'source' | 'destination'>): string {
  return `${source} ${destination}`;
}

/** Why an image was left for the next run. */
export const OVER_BUDGET = 'over the budget';

export interface SyncTotals {
  readonly copied: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
}

export function totalsOf(images: readonly ImageResult[]): SyncTotals {
  const count = (outcome: SyncOutcome): number =>
    images.filter((image) => image.outcome === outcome).length;
  return {
    copied: count('copied'),
    unchanged: count('unchanged'),
    deleted: count('deleted'),
    failed: count('failed'),
    skipped: count('skipped'),
    bytes: images.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const ABSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MANIFEST_UNKNOWN',
  'REPOSITORY_UNKNOWN',
  'PATH_UNKNOWN',
]);

/** Whether the source itself does not exist, and not only a part of it. */
function isAbsent(error: AppError): boolean {
  if (!ABSENT.has(error.code)) return false;
  return !(error instanceof CopyError) || error.side === 'source';
}

/**
 * The exit status: 0 if nothing failed, 2 if every failure is a source that does not exist, 4 if it
 * is a rate limit, 3 if a safety rule refused a delete, else 1.
 */
export function exitOf(images: readonly ImageResult[]): number {
  const errors = images.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (errors.length === 0) return 0;
  if (errors.every(isAbsent)) return 2;
  for (const exit of [4, 3])
    if (errors.every(({ code }) => EXIT_STATUS[code] === exit)) return exit;
  return 1;
}
