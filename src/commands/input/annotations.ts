import { AppError } from '../../errors/app-error.ts';

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
