import { sanitize } from '../errors/sanitize.ts';
import type { Middleware } from './types.ts';

const PREFIX = '299 - "';
const MAX_LENGTH = 4096;
/** Limits the memory that a registry with ever-changing warnings can fill. */
const MAX_DISTINCT = 256;

/**
 * The text of `299 - "text"` (distribution-spec v1.1.1, "Warnings"); `undefined` for any other
 * form. Escapes are undone.
 */
export function parseWarning(line: string): string | undefined {
  if (line.length > MAX_LENGTH || !line.startsWith(PREFIX) || !line.endsWith('"')) return undefined;
  let text = '';
  for (let at = PREFIX.length; at < line.length; at += 1) {
    const char = line[at] ?? '';
    if (char === '"') return at === line.length - 1 && text !== '' ? text : undefined;
    if (char === '\\') at += 1;
    text += char === '\\' ? (line[at] ?? '') : char;
  }
  return undefined;
}

/** Reports each distinct warning of a registry once. */
export function warnings(onWarning: (text: string) => void): Middleware {
  const shown = new Set<string>();
  return (next) => async (request) => {
    const response = await next(request);
    for (const line of response.headers.all('warning')) {
      const text = parseWarning(line);
      if (text === undefined) continue;
      const message = `${response.url.host}: ${sanitize(response.redactSecrets?.(text) ?? text)}`;
      if (shown.has(message) || shown.size >= MAX_DISTINCT) continue;
      shown.add(message);
      onWarning(message);
    }
    return response;
  };
}
