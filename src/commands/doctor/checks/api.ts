import { knownRegistry } from '../../../config/registries/lookup.ts';
import { AppError } from '../../../errors/app-error.ts';
import { demandOf } from '../../../http/auth/challenge.merge-challenge-choice.ts';
import { NO_RETRIES } from '../../../http/retry/policy.ts';
import type { HttpResponse } from '../../../http/types.ts';
import {
  registryConnection,
  repositoryConnection,
  type Connection,
} from '../../../registry/requests.ts';
import { notARegistryHint } from '../../../registry/errors/hints.ts';
import { responseError } from '../../../registry/errors/error.ts';
import { looksLikeRegistry } from '../../../registry/ping.ts';
import type { Endpoint } from '../../../config/containers/types.ts';
import type { CallOptions } from '../../../store/types.ts';
import type { Context } from '../../types.ts';
import { check } from '../check.ts';

const VERSION_HEADER = 'docker-distribution-api-version';

/** `/v2/` as it answers somebody without credentials. */
export const apiCheck = check({
  name: '/v2/',
  needs: ['base', 'place', 'secured'],
  gives: ['answer'],
  async run({ base, place }, context, options) {
    const url = new URL('v2/', base);
    const started = context.now().getTime();
    const response = await askBare(context, url, options);
    const at = (started + context.now().getTime()) / 2;
    const { status, headers } = response;
    const demand = demandOf(response);
    if (status !== 200 && demand === undefined) throw await refused(context, place, response);
    if (!(await isRegistry(response))) {
      throw new AppError('NOT_A_REGISTRY', `${url.href} is answered, but not by a registry`, {
        hint: notARegistryHint(place.registry),
      });
    }
    const software = knownRegistry(place.registry) ?? knownRegistry('', headers);
    return {
      verdict: 'ok',
      detail: [
        `HTTP ${status}`,
        ...headers.all(VERSION_HEADER),
        ...(software === undefined ? [] : [`as ${software.name} answers`]),
      ].join(', '),
      facts: { answer: { status, headers, demand, at } },
    };
  },
});

/** One GET without credentials, not tried again. */
export async function askBare(
  context: Context,
  url: URL,
  { signal }: CallOptions,
): Promise<HttpResponse> {
  const request = await context.http('only');
  return request({ method: 'GET', url, idempotent: false, signal });
}

/** A challenge is not proof: many web servers ask for a login. */
async function isRegistry(response: HttpResponse): Promise<boolean> {
  if (response.status === 200) return looksLikeRegistry(response);
  await response.discard();
  return true;
}

/** The error of an answer, in the words of every other command. */
export async function refused(
  context: Context,
  { registry, repository }: Endpoint,
  response: HttpResponse,
): Promise<AppError> {
  const deps = {
    request: await context.http('only'),
    endpoint: async () => response.url,
    warn: (text: string) => context.warn(text),
    retries: NO_RETRIES,
  };
  const whole = repository === '';
  const connection: Connection = whole
    ? registryConnection(deps, registry, [])
    : repositoryConnection(deps, registry, repository, []);
  const kind = whole ? ('registry' as const) : ('repository' as const);
  const attempt = {
    action: whole ? 'reach registry' : 'list tags of',
    target: connection.label,
    kind,
  };
  return responseError(connection, attempt, 'GET', response);
}
