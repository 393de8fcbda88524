import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { readText } from '../input/read.ts';
import type { Input } from '../types.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `uploadTtl` → "--upload-ttl" */
function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Reads `30s`, `1h30m` or `2w` in milliseconds. @throws AppError USAGE */
export function readTime(input: Input, name: string): number | undefined {
  const text = readText(input, name);
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/(\d{1,9})([smhdw])/gy)];
  const length = parts.reduce((sum, [whole]) => sum + whole.length, 0);
  if (text === '' || length !== text.length) {
    throw new AppError(
      'USAGE',
      `${optionName(name)}: "${sanitize(text)}" is not a length of time`,
      {
        hint: 'Write for example 90s, 30m, 12h, 3d or 1h30m.',
      },
    );
  }
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Reads `50GB`, `512MiB` or bytes. @throws AppError USAGE, also for 0 */
export function readSize(input: Input, name: string): number | undefined {
  const text = readText(input, name);
  if (text === undefined) return undefined;
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([kmgt]?i?b?)$/iu.exec(text);
  const bytes = Number(match?.[1]) * (UNIT_BYTES[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (bytes >= 1) return Math.floor(bytes);
  throw new AppError('USAGE', `${optionName(name)}: "${sanitize(text)}" is not a size`, {
    hint: 'Write for example 50GB, 512MiB or a number of bytes.',
  });
}
