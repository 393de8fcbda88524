import { AppError } from '../errors/app-error.ts';
import type { HttpResponse } from '../http/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { collect } from '../util/bytes.ts';
import {
  registryContext,
  registryUrl,
  request,
  type RegistryDependencies,
  type Operation,
} from './requests.ts';
import { isHtml } from './errors/body.ts';
import { notARegistryHint } from './errors/hints.ts';
import { errorFromResponse } from './errors/error.ts';

const MAX_PING_BYTES = 64 * 1024;

/**
 * GET /v2/ (distribution-spec v1.1.1, "Determining Support").
 * @throws RegistryError UNAUTHORIZED, FORBIDDEN; AppError NOT_A_REGISTRY
 */
export async function ping(
  deps: RegistryDependencies,
  registry: string,
  options: CallOptions = {},
): Promise<void> {
  const context = registryContext(deps, registry, []);
  const operation: Operation = { action: 'check registry', target: registry, kind: 'registry' };
  const url = await registryUrl(context, '', options);
  const response = await request(context, 'GET', url, { signal: options.signal });
  if (response.status !== 200) throw await errorFromResponse(context, operation, 'GET', response);
  if (await looksLikeRegistry(response)) return;
  throw new AppError('NOT_A_REGISTRY', `${registry} does not answer like a registry`, {
    why: [`${url.origin}/v2/ gives neither JSON nor an API header`],
    hint: notARegistryHint(registry),
  });
}

/** Whether the answer has the API header, or is JSON or empty, as a registry's. */
export async function looksLikeRegistry(response: HttpResponse): Promise<boolean> {
  try {
    if (response.headers.get('docker-distribution-api-version') !== undefined) return true;
    if (isHtml(response.headers, '')) return false;
    const raw = await collect(response.body, MAX_PING_BYTES, () => new RangeError('too long'));
    const text = new TextDecoder().decode(raw).trim();
    if (text === '') return true;
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return false;
    throw error;
  } finally {
    await response.discard();
  }
}
