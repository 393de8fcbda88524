import { AppError } from '../../errors/app-error.ts';
import type { Input } from '../types.ts';

export function readFlag(input: Input, name: string): boolean {
  return input.options[name] === true;
}

export function readText(input: Input, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === 'string' ? value : undefined;
}

export function readList(input: Input, name: string): readonly string[] {
  const value = input.options[name];
  if (Array.isArray(value)) return value as readonly string[];
  return typeof value === 'string' ? [value] : [];
}

/** @throws AppError USAGE if the value is negative or not a safe integer */
export function readInteger(input: Input, name: string, flag: string): number | undefined {
  const value = input.options[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new AppError('USAGE', `${flag} takes a whole number that is not negative`);
}

/** @throws AppError USAGE also for 0: no user wants to show or copy nothing */
export function readCount(input: Input, name: string, flag: string): number | undefined {
  const value = readInteger(input, name, flag);
  if (value !== 0) return value;
  throw new AppError('USAGE', `${flag} takes a number from 1`);
}

/** @throws AppError USAGE if the argument is missing */
export function readArgument(input: Input, index: number, name: string): string {
  const value = input.args[index];
  if (value === undefined || value === '') throw new AppError('USAGE', `${name} is missing`);
  return value;
}

/** @throws AppError USAGE if more than one of the options is given */
export function rejectTogether(given: Readonly<Record<string, boolean>>): void {
  const names = Object.keys(given).filter((name) => given[name] === true);
  if (names.length < 2) return;
  throw new AppError('USAGE', `${names.join(' and ')} cannot be used together`);
}

/** `KEY=VALUE` each; a value may hold "=". @throws AppError USAGE */
export function parseAnnotations(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)] as const;
      throw new AppError('USAGE', `--annotation takes KEY=VALUE, not "${text}"`);
    }),
  );
}
