import { knownRegistry } from '../../../config/registries/lookup.ts';
import { AppError } from '../../../errors/app-error.ts';
import { authChallengeOf } from '../../../http/auth/challenge.ts';
import { NO_RETRIES } from '../../../http/retry/policy.ts';
import type { HttpResponse } from '../../../http/types.ts';
import {
  registryContext,
  repositoryContext,
  type RequestContext,
} from '../../../registry/requests.ts';
import { notARegistryHint } from '../../../registry/errors/hints.ts';
import { errorFromResponse } from '../../../registry/errors/error.ts';
import { looksLikeRegistry } from '../../../registry/ping.ts';
import type { RepositoryLocation } from '../../../config/containers/types.ts';
import type { CallOptions } from '../../../util/abort.ts';
import { defineCheck, type DoctorContext } from '../check.ts';

const VERSION_HEADER = 'docker-distribution-api-version';

/** Whether `/v2/` answers a request without credentials like a registry. */
export const apiCheck = defineCheck({
  name: '/v2/',
  needs: ['base', 'location', 'secured'],
  gives: ['answer'],
  async run({ base, location }, context, options) {
    const url = new URL('v2/', base);
    const started = context.now().getTime();
    const response = await getAnonymously(context, url, options);
    const at = (started + context.now().getTime()) / 2;
    const { status, headers } = response;
    const challenge = authChallengeOf(response);
    if (status !== 200 && challenge === undefined)
      throw await registryErrorFor(context, location, response);
    if (!(await isRegistry(response))) {
      throw new AppError('NOT_A_REGISTRY', `${url.href} is answered, but not by a registry`, {
        hint: notARegistryHint(location.registry),
      });
    }
    const software = knownRegistry(location.registry) ?? knownRegistry('', headers);
    return {
      verdict: 'ok',
      detail: [
        `HTTP ${status}`,
        ...headers.all(VERSION_HEADER),
        ...(software === undefined ? [] : [`as ${software.name} answers`]),
      ].join(', '),
      facts: { answer: { status, headers, challenge, at } },
    };
  },
});

/** Sends one GET without credentials or retries. */
export async function getAnonymously(
  context: DoctorContext,
  url: URL,
  { signal }: CallOptions,
): Promise<HttpResponse> {
  const request = await context.http('single');
  return request({ method: 'GET', url, idempotent: false, signal });
}

/** Whether an answer is that of a registry. Status 401 with a challenge counts as one. */
async function isRegistry(response: HttpResponse): Promise<boolean> {
  if (response.status === 200) return looksLikeRegistry(response);
  await response.discard();
  return true;
}

/** The error of an answer, worded as in every other command. */
export async function registryErrorFor(
  context: DoctorContext,
  { registry, repository }: RepositoryLocation,
  response: HttpResponse,
): Promise<AppError> {
  const deps = {
    request: await context.http('single'),
    endpoint: async () => response.url,
    warn: (text: string) => context.warn(text),
    retries: NO_RETRIES,
  };
  const whole = repository === '';
  const connection: RequestContext = whole
    ? registryContext(deps, registry, [])
    : repositoryContext(deps, registry, repository, []);
  const kind = whole ? ('registry' as const) : ('repository' as const);
  const attempt = {
    action: whole ? 'check registry' : 'list tags of',
    target: connection.label,
    kind,
  };
  return errorFromResponse(connection, attempt, 'GET', response);
}
