import { expect } from 'vitest';
import type { HttpClient } from '../../src/http/types.ts';

/** An HTTP client without credentials, whose every answer is this JSON. */
export function answering(body: unknown, urls: string[] = []): HttpClient {
  return async (request) => {
    urls.push(request.url.href);
    expect(request.auth).toBeUndefined();
    return {
      status: 200,
      headers: { get: () => undefined, all: () => [], names: () => [] },
      url: request.url,
      body: (async function* () {
        yield Buffer.from(JSON.stringify(body));
      })(),
      discard: async () => undefined,
    };
  };
}
