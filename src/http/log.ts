import { redactHeader, redactUrl } from '../errors/redact.ts';
import { sanitize } from '../errors/sanitize.ts';
import type { Middleware } from './types.ts';

/** Headers whose values are shown (redacted); of other headers only the name is shown. */
const SHOWN: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'if-match',
  'if-none-match',
  'link',
  'location',
  'oci-chunk-min-length',
  'oci-filters-applied',
  'oci-subject',
  'oci-tag',
  'range',
  'ratelimit-limit',
  'ratelimit-remaining',
  'retry-after',
  'server',
  'warning',
  'www-authenticate',
]);

/** The wire trace of `--debug`: one line per message and header, without secrets. */
export function log(write: (line: string) => void, now: () => number): Middleware {
  let last = 0;
  return (next) => async (request) => {
    last += 1;
    const id = `#${last}`;
    const started = now();
    write(`${id} > ${request.method} ${sanitize(redactUrl(request.url))}`);
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      write(`${id} > ${headerLine(name, value)}`);
    }
    if (request.body !== undefined) write(`${id} > (${request.body.length} bytes)`);
    try {
      const response = await next(request);
      write(`${id} < ${response.status} after ${now() - started} ms`);
      for (const name of response.headers.names()) {
        for (const value of response.headers.all(name)) {
          write(`${id} < ${headerLine(name, response.redactSecrets?.(value) ?? value)}`);
        }
      }
      return response;
    } catch (error) {
      const words = error instanceof Error ? error.message : 'failed';
      write(`${id} < failed after ${now() - started} ms: ${sanitize(words)}`);
      throw error;
    }
  };
}

function headerLine(name: string, value: string): string {
  const key = name.toLowerCase();
  if (!SHOWN.has(key)) return `${sanitize(key)}: …`;
  return `${key}: ${sanitize(redactHeader(key, value))}`;
}
