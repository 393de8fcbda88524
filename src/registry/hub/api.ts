import type { CallOptions } from '../../util/abort.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { collect } from '../../util/bytes.ts';
import type { HttpClient, HttpResponse } from '../../http/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { NO_RETRIES } from '../../http/retry/policy.ts';
import { registryContext } from '../requests.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { errorFromResponse } from '../errors/error.ts';
import { isRecord } from '../../util/json.ts';

/** Docker Hub's page limit. */
export const PAGE = 100;

const MAX_BYTES = 4 * 1024 * 1024;

export type Json = Readonly<Record<string, unknown>>;

/** Reads an answer of Docker Hub's own API. @throws AppError like registries, RESPONSE_TOO_LARGE */
export async function getJson(
  http: HttpClient,
  url: URL,
  action: string,
  target: string,
  options: CallOptions,
): Promise<Json> {
  const headers = { accept: 'application/json' };
  const response = await http({ method: 'GET', url, headers, signal: options.signal });
  if (response.status !== 200) throw await hubError(http, response, action, target);
  const raw = await readBody(response, action, target);
  const body = parseJsonStrict(raw, 'REGISTRY_ERROR', 'answer from Docker Hub');
  return isRecord(body) ? body : {};
}

async function readBody(
  response: HttpResponse,
  action: string,
  target: string,
): Promise<Uint8Array> {
  try {
    return await collect(
      response.body,
      MAX_BYTES,
      () =>
        new AppError('RESPONSE_TOO_LARGE', `cannot ${action} ${target}: the answer is too large`),
    );
  } finally {
    await response.discard();
  }
}

async function hubError(
  http: HttpClient,
  response: HttpResponse,
  action: string,
  target: string,
): Promise<AppError> {
  const deps = {
    request: http,
    endpoint: async () => response.url,
    warn: () => {},
    retries: NO_RETRIES,
  };
  const context = registryContext(deps, DOCKER_HUB, []);
  return errorFromResponse(context, { action, target, kind: 'repository' }, 'GET', response);
}

export function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
