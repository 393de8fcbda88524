import {
  fillTemplate,
  loginAdvice,
  loginCommand,
  knownRegistry,
} from '../../config/registries/lookup.ts';
import type { KnownRegistry } from '../../config/registries/table.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { AUTH_VARIABLE } from '../../credentials/sources/variable.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { RequestContext, Operation } from '../requests.ts';
import type { ErrorResponse } from './body.ts';

/** What a hint is made from; `registry` is the registry's row in the table, if it has one. */
interface HintInput {
  readonly context: RequestContext;
  readonly operation: Operation;
  readonly answer: ErrorResponse;
  readonly registry: KnownRegistry | undefined;
}
type Hint = (one: HintInput) => string | undefined;

export const NOT_SEEN =
  'The registry does not have, or does not see yet, what the manifest names: run it again in a while; what is there is not sent again.';

const WRONG_VARIABLE = `The login is from ${AUTH_VARIABLE}, which is used instead of a stored one: correct or unset the variable.`;

/** The hint for each error code; a code without a row has none. */
const HINTS: Partial<Record<ErrorCode, Hint>> = {
  UNAUTHORIZED: (one) => {
    const { context, operation, answer, registry } = one;
    if (isPublic(registry)) return publicRegistryHint(one);
    const login = loginAdvice(context, registry);
    if (answer.credentials?.sent === true) {
      if (answer.credentials.origin === AUTH_VARIABLE) return WRONG_VARIABLE;
      return `The user name, password or token is wrong or has expired, or may not see ${context.label}; sign in again: ${login}`;
    }
    return registry?.notFoundMeaning !== undefined && operation.kind !== 'registry'
      ? `${registry.notFoundMeaning}: check the name, or sign in: ${login}`
      : `Sign in: ${login}`;
  },
  FORBIDDEN: (one) => {
    const { context, operation, answer, registry } = one;
    if (isPublic(registry)) return publicRegistryHint(one);
    const login = loginAdvice(context, registry);
    if (answer.credentials?.sent !== true) {
      return `Sign in with an account that has the right: ${login}`;
    }
    if (answer.credentials.origin === AUTH_VARIABLE) return WRONG_VARIABLE;
    const create = operation.kind === 'upload' ? createAdviceOf(one) : '';
    return `${create}The account has no right to do this on ${context.label}: ask its owner, or sign in with another account: ${login}`;
  },
  MANIFEST_UNKNOWN: missingContentHint,
  BLOB_UNKNOWN: missingContentHint,
  REPOSITORY_UNKNOWN: (one) =>
    one.operation.kind === 'upload'
      ? `${createAdviceOf(one) || 'Create the repository (Amazon ECR) or the project (Harbor, GitLab) first. '}Check the name too.`
      : missingContentHint(one),
  UPLOAD_FAILED: (one) => {
    const { status } = one.answer;
    if (status === 413) return BODY_TOO_LARGE;
    return status === 404
      ? createAdviceOf(one).trimEnd() ||
          'The repository or project may have to be created first, or the upload session expired.'
      : serverErrorHint(one);
  },
  UNSUPPORTED: ({ operation, registry }) =>
    operation.kind === 'upload' ? registry?.readOnly : undefined,
  REGISTRY_ERROR: (one) => {
    if (one.answer.status === 413) return BODY_TOO_LARGE;
    return wrongProtocol(one.answer) ?? serverErrorHint(one);
  },
  RATE_LIMITED: ({ context, answer, registry }) => {
    const after = answer.headers.get('retry-after');
    const wait = after === undefined ? '' : ` The registry asks to wait: ${sanitize(after)}.`;
    return registry?.limitAdvice === undefined
      ? `Try again later, with fewer requests at a time.${wait}`
      : `Sign in for a larger allowance (${loginCommand(context, registry)}), or wait; ${registry.limitAdvice}.${wait}`;
  },
  NOT_A_REGISTRY: ({ context, answer }) =>
    wrongProtocol(answer) ?? notARegistryHint(context.registry),
};

const BODY_TOO_LARGE =
  'A quota of the registry is used up, or a proxy in front of it limits the size of a request (nginx: client_max_body_size).';

export function hintFor(
  code: ErrorCode,
  context: RequestContext,
  operation: Operation,
  answer: ErrorResponse,
): string | undefined {
  const registry = knownRegistryOf(context, answer);
  return HINTS[code]?.({ context, operation, answer, registry });
}

export function notARegistryHint(registry: string): string {
  return `Check the host and port: whatever answers at ${registry} does not speak the registry API (/v2/).`;
}

/** What has to be there before the first push, as a sentence and a space, or nothing. */
function createAdviceOf({ context, registry }: HintInput): string {
  return registry?.createAdvice === undefined
    ? ''
    : `${fillTemplate(registry.createAdvice, context)} `;
}

/** Whether nobody logs in there. */
function isPublic(known: KnownRegistry | undefined): boolean {
  return known !== undefined && known.login === undefined;
}

function publicRegistryHint({ operation, registry }: HintInput): string {
  const readOnly = operation.kind === 'upload' ? registry?.readOnly : undefined;
  return readOnly ?? `Check the name: ${registry?.notFoundMeaning}.`;
}

function missingContentHint(one: HintInput): string {
  const { context, answer, registry } = one;
  if (answer.html) return notARegistryHint(context.registry);
  if (isPublic(registry)) return publicRegistryHint(one);
  if (answer.credentials?.sent === true) {
    return 'Check the name; a repository that the account may not see looks as if it did not exist.';
  }
  const hidden = registry?.notFoundMeaning ?? 'a private repository stays hidden until you sign in';
  return `Check the name; ${hidden}: ${loginCommand(context, registry)}`;
}

/** What Go's servers, Apache and nginx answer to a client that left out TLS or its certificate. */
function wrongProtocol({ status, entries }: ErrorResponse): string | undefined {
  const words = status === 400 ? entries.map(({ message }) => message).join(' ') : '';
  if (/\bHTTPS server\b|\bto HTTPS port\b|\bSSL-enabled server port\b/u.test(words)) {
    return 'It speaks TLS on this port: leave out --plain-http.';
  }
  return /\bSSL certificate\b/u.test(words)
    ? 'It asks for a client certificate: put client.cert and client.key into a folder and name it by --cert-dir DIR.'
    : undefined;
}

function serverErrorHint({ answer }: HintInput): string | undefined {
  return answer.status >= 500
    ? 'The registry, or a proxy in front of it, is failing; try again later.'
    : undefined;
}

/** What is known of the registry that refused: by its host, its answer, or what it asked before. */
export function knownRegistryOf(
  { registry }: RequestContext,
  { headers, challenge }: ErrorResponse,
): KnownRegistry | undefined {
  return knownRegistry(registry, {
    all: (name) =>
      name === 'www-authenticate' && challenge !== undefined
        ? [...headers.all(name), challenge]
        : headers.all(name),
  });
}
