import { AppError } from '../../errors/app-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Parses `30s`, `1h30m`, `250ms` or bare seconds into milliseconds. @throws AppError USAGE */
export function parseDuration(text: string, flag: string): number {
  if (/^\d+$/.test(text)) return checked(Number(text) * 1000, text, flag);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)];
  const covered = parts.reduce((length, [whole]) => length + whole.length, 0);
  if (parts.length === 0 || covered !== text.length) throw invalid(text, flag);
  const total = parts.reduce(
    (sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0),
    0,
  );
  return checked(total, text, flag);
}

/** Timers hold 31 bits of milliseconds; longer ones fire at once. */
const MAX_MS = 2 ** 31 - 1;

function checked(ms: number, text: string, flag: string): number {
  if (ms <= 0 || ms > MAX_MS) throw invalid(text, flag);
  return Math.round(ms);
}

function invalid(text: string, flag: string): AppError {
  return new AppError('USAGE', `${flag} takes a duration, not "${text}"`, {
    hint: 'Write for example 30s, 5m or 1h30m, at most 24d.',
  });
}

/** Formats milliseconds: "0s", "400ms", "4s", "2m05s", "1h02m". */
export function formatDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded > 0 && rounded < 1000) return `${rounded}ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
