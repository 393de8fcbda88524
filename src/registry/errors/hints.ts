import {
  fillTemplate,
  loginAdvice,
  loginCommand,
  knownRegistry,
} from '../../config/registries/lookup.ts';
import type { KnownRegistry } from '../../config/registries/table.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { AUTH_VARIABLE } from '../../credentials/sources/variable.ts';
import { hasUsableChallenge } from '../../http/auth/challenge.ts';
import { rejectedLoginHint, WRONG_VARIABLE } from '../../http/auth/rejected-login.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { RequestContext, Operation } from '../requests.ts';
import { isReadOnly, type ErrorResponse } from './body.ts';

/** The input of a hint; `registry` is the registry's row in the table, if it has one. */
interface HintInput {
  readonly context: RequestContext;
  readonly operation: Operation;
  readonly answer: ErrorResponse;
  readonly registry: KnownRegistry | undefined;
}
type Hint = (one: HintInput) => string | undefined;

export const NOT_SEEN =
  'The registry does not have, or does not see yet, what the manifest lists. Run the command again in a minute: existing data is not sent again.';

const NO_SPACE_LEFT = 'The registry has no space left: its operator can free some.';
const BODY_TOO_LARGE =
  'Check the quota of the registry, and the size limit of a proxy in front of it (nginx: client_max_body_size).';
const READ_ONLY =
  'Ask the operator of the registry to end its read-only mode, or use a registry that is not a mirror or proxy cache.';

/** The hint for each error code; a code without a row has none. */
const HINTS: Partial<Record<ErrorCode, Hint>> = {
  UNAUTHORIZED: (one) => {
    const { context, operation, answer, registry } = one;
    if (isPublic(registry)) return publicRegistryHint(one);
    if (answer.credentials?.sent === true) {
      return rejectedLoginHint(answer.credentials.origin, context, registry);
    }
    if (!hasUsableChallenge(answer.headers.all('www-authenticate'))) {
      return 'Check the address. The operator of the registry must correct its login challenge.';
    }
    const login = loginAdvice(context, registry);
    return registry?.notFoundMeaning !== undefined && operation.kind !== 'registry'
      ? `Check the name: ${registry.notFoundMeaning}. ${login}`
      : login;
  },
  FORBIDDEN: (one) => {
    const { context, operation, answer, registry } = one;
    if (isPublic(registry)) return publicRegistryHint(one);
    if (isReadOnly(answer)) return READ_ONLY;
    if (answer.credentials?.sent !== true) return loginAdvice(context, registry);
    if (answer.credentials.origin === AUTH_VARIABLE) return WRONG_VARIABLE;
    const create = operation.kind === 'upload' ? createAdviceOf(one) : '';
    const more =
      operation.kind === 'upload'
        ? ''
        : ' If the image is public, try it without the login: --no-creds';
    return `${create}Ask the owner of ${context.label} for access, or use another login.${more}`;
  },
  MANIFEST_UNKNOWN: missingContentHint,
  BLOB_UNKNOWN: missingContentHint,
  REPOSITORY_UNKNOWN: (one) =>
    one.operation.kind === 'upload'
      ? createAdviceOf(one).trimEnd() ||
        'Check the name. Create the repository (Amazon ECR) or the project (Harbor, GitLab) first.'
      : missingContentHint(one),
  UPLOAD_FAILED: (one) => {
    const { status } = one.answer;
    if (status === 413) return BODY_TOO_LARGE;
    if (status === 507) return NO_SPACE_LEFT;
    return status === 404
      ? createAdviceOf(one).trimEnd() ||
          'Create the repository or project first. If it exists, run the command again: the upload session may have expired.'
      : serverErrorHint(one);
  },
  UNSUPPORTED: ({ operation, answer, registry }) => {
    if (registry?.readOnly !== undefined && operation.kind === 'upload') return registry.readOnly;
    if (isReadOnly(answer)) return READ_ONLY;
    return operation.kind === 'upload'
      ? 'Check whether the registry is read-only (a mirror, a proxy cache, or in maintenance).'
      : undefined;
  },
  REGISTRY_ERROR: (one) => {
    if (one.answer.status === 413) return BODY_TOO_LARGE;
    if (one.answer.status === 507) return NO_SPACE_LEFT;
    return wrongProtocol(one.answer) ?? serverErrorHint(one);
  },
  RATE_LIMITED: ({ context, answer, registry }) => {
    const after = answer.headers.get('retry-after');
    const wait =
      after === undefined
        ? 'Send fewer requests at a time with --concurrency.'
        : `The registry asks to wait: ${sanitize(after)}${/^\d+$/u.test(after) ? ' s' : ''}.`;
    return registry?.limitAdvice === undefined
      ? wait
      : `${wait} ${registry.limitAdvice} For a higher limit, log in: ${loginCommand(context, registry)}`;
  },
  NOT_A_REGISTRY: ({ context, answer }) =>
    wrongProtocol(answer) ?? notARegistryHint(context.registry),
};

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
  return `Check the host and the port: ${registry} does not offer the registry API (/v2/).`;
}

/** What must exist before the first push, as a sentence and a space, or nothing. */
function createAdviceOf({ context, registry }: HintInput): string {
  return registry?.createAdvice === undefined
    ? ''
    : `${fillTemplate(registry.createAdvice, context)} `;
}

/** Whether the registry has no logins. */
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
    return 'Check the name. A repository that this login cannot read is reported as missing.';
  }
  const hidden = registry?.notFoundMeaning ?? 'a private repository is hidden without a login';
  return `Check the name: ${hidden}. Log in: ${loginCommand(context, registry)}`;
}

/** What Go's servers, Apache and nginx answer without TLS or without a client certificate. */
function wrongProtocol({ status, entries }: ErrorResponse): string | undefined {
  const words = status === 400 ? entries.map(({ message }) => message).join(' ') : '';
  if (/\bHTTPS server\b|\bto HTTPS port\b|\bSSL-enabled server port\b/u.test(words)) {
    return 'The registry uses TLS on this port. Remove --plain-http.';
  }
  return /\bSSL certificate\b/u.test(words)
    ? 'The registry asks for a client certificate. Put client.cert and client.key into a directory and add --cert-dir DIR.'
    : undefined;
}

function serverErrorHint({ answer, context }: HintInput): string | undefined {
  return answer.status >= 500
    ? `Check the connection to the registry: regctl doctor ${context.label}`
    : undefined;
}

/** Finds the registry's row by its host, its answer, or its earlier challenge. */
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
