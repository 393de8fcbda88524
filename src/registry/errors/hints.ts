import { fillIn, loginAdvice, loginCommand } from '../../config/registries/lookup.ts';
import type { KnownRegistry } from '../../config/registries/table.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Connection } from '../requests.ts';
import { hasCode, type Refusal } from './body.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { knownBy } from './hints.merge-known.ts';

/** What a hint is made from; `known` is the registry's row in the table, if it has one. */
interface Case {
  readonly connection: Connection;
  readonly attempt: Attempt;
  readonly refusal: Refusal;
  readonly known: KnownRegistry | undefined;
}
type Hint = (one: Case) => string | undefined;

const NOT_SEEN =
  'The registry does not have, or does not see yet, what the manifest names: run it again in a while; what is there is not sent again.';

/** The cure per error code; a code without one needs no hint. */
const HINTS: Partial<Record<ErrorCode, Hint>> = {
  UNAUTHORIZED: (one) => {
    const { connection, attempt, refusal, known } = one;
    if (isPublic(known)) return ofPublic(one);
    const login = loginAdvice(connection, known);
    if (refusal.credentials?.sent === true) {
      return `The user name, password or token is wrong or has expired, or may not see ${connection.label}; sign in again: ${login}`;
    }
    return known?.hides !== undefined && attempt.kind !== 'registry'
      ? `${known.hides}: check the name, or sign in: ${login}`
      : `Sign in: ${login}`;
  },
  FORBIDDEN: (one) => {
    const { connection, attempt, refusal, known } = one;
    if (isPublic(known)) return ofPublic(one);
    const login = loginAdvice(connection, known);
    if (refusal.credentials?.sent !== true) {
      return `Sign in with an account that has the right: ${login}`;
    }
    const create = attempt.kind === 'upload' ? creation(one) : '';
    return `${create}The account has no right to do this on ${connection.label}: ask its owner, or sign in with another account: ${login}`;
  },
  MANIFEST_UNKNOWN: missing,
  BLOB_UNKNOWN: missing,
  REPOSITORY_UNKNOWN: (one) =>
    one.attempt.kind === 'upload'
      ? `${creation(one) || 'Create the repository (Amazon ECR) or the project (Harbor, GitLab) first. '}Check the name too.`
      : missing(one),
  UPLOAD_FAILED: (one) => {
    const { status } = one.refusal;
    if (status === 413) return BODY_TOO_LARGE;
    if (hasCode(one.refusal, 'MANIFEST_BLOB_UNKNOWN')) return NOT_SEEN;
    return status === 404
      ? creation(one).trimEnd() ||
          'The repository or project may have to be created first, or the upload session expired.'
      : serverSide(one);
  },
  UNSUPPORTED: ({ attempt, known }) => (attempt.kind === 'upload' ? known?.readOnly : undefined),
  REGISTRY_ERROR: (one) => {
    if (one.refusal.status === 413) return BODY_TOO_LARGE;
    return wrongProtocol(one.refusal) ?? serverSide(one);
  },
  RATE_LIMITED: ({ connection, refusal, known }) => {
    const after = refusal.headers.get('retry-after');
    const wait = after === undefined ? '' : ` The registry asks to wait: ${sanitize(after)}.`;
    return known?.limit === undefined
      ? `Try again later, with fewer requests at a time.${wait}`
      : `Sign in for a larger allowance (${loginCommand(connection, known)}), or wait; ${known.limit}.${wait}`;
  },
  NOT_A_REGISTRY: ({ connection, refusal }) =>
    wrongProtocol(refusal) ?? notARegistryHint(connection.registry),
};

const BODY_TOO_LARGE =
  'A quota of the registry is used up, or a proxy in front of it limits the size of a request (nginx: client_max_body_size).';

export function hintFor(
  code: ErrorCode,
  connection: Connection,
  attempt: Attempt,
  refusal: Refusal,
): string | undefined {
  const known = knownBy(connection, refusal);
  return HINTS[code]?.({ connection, attempt, refusal, known });
}

export function notARegistryHint(registry: string): string {
  return `Check the host and port: whatever answers at ${registry} does not speak the registry API (/v2/).`;
}

/** What has to be there before the first push, as a sentence with a space behind it, or nothing. */
function creation({ connection, known }: Case): string {
  return known?.create === undefined ? '' : `${fillIn(known.create, connection)} `;
}

/** Nobody signs in there. */
function isPublic(known: KnownRegistry | undefined): boolean {
  return known !== undefined && known.login === undefined;
}

function ofPublic({ attempt, known }: Case): string {
  const readOnly = attempt.kind === 'upload' ? known?.readOnly : undefined;
  return readOnly ?? `Check the name: ${known?.hides}.`;
}

function missing(one: Case): string {
  const { connection, refusal, known } = one;
  if (refusal.html) return notARegistryHint(connection.registry);
  if (isPublic(known)) return ofPublic(one);
  if (refusal.credentials?.sent === true) {
    return 'Check the name; a repository that the account may not see looks as if it did not exist.';
  }
  const hidden = known?.hides ?? 'a private repository stays hidden until you sign in';
  return `Check the name; ${hidden}: ${loginCommand(connection, known)}`;
}

/** What Go's servers, Apache and nginx answer to a client that left out TLS or its certificate. */
function wrongProtocol({ status, entries }: Refusal): string | undefined {
  const words = status === 400 ? entries.map(({ message }) => message).join(' ') : '';
  if (/\bHTTPS server\b|\bto HTTPS port\b|\bSSL-enabled server port\b/u.test(words)) {
    return 'It speaks TLS on this port: leave out --plain-http.';
  }
  return /\bSSL certificate\b/u.test(words)
    ? 'It asks for a client certificate: put client.cert and client.key into a folder and name it by --cert-dir DIR.'
    : undefined;
}

function serverSide({ refusal }: Case): string | undefined {
  return refusal.status >= 500
    ? 'The registry, or a proxy in front of it, is failing; try again later.'
    : undefined;
}
