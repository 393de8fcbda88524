import type { ErrorCode } from '../errors/codes.ts';
import { sanitize } from '../errors/sanitize.ts';
import { DOCKER_HUB } from '../reference/docker-hub.ts';
import type { Connection } from './connection.ts';
import type { Refusal } from './error-body.ts';
import type { Attempt } from './attempt.ts';

type Hint = (connection: Connection, attempt: Attempt, refusal: Refusal) => string | undefined;

/** The cure per error code; a code without one needs no hint. */
const HINTS: Partial<Record<ErrorCode, Hint>> = {
  UNAUTHORIZED: (connection, attempt, refusal) => {
    const login = loginCommand(connection);
    if (refusal.credentials?.sent === true) {
      return `The user name, password or token is wrong or has expired, or may not see ${connection.label}; sign in again: ${login}`;
    }
    return isHub(connection) && attempt.kind !== 'registry'
      ? `Docker Hub answers so for repositories that do not exist and for private ones: check the name, or sign in: ${login}`
      : `Sign in: ${login}`;
  },
  FORBIDDEN: (connection, _attempt, refusal) =>
    refusal.credentials?.sent === true
      ? `The account has no right to do this on ${connection.label}: ask its owner, or sign in with another account: ${loginCommand(connection)}`
      : `Sign in with an account that has the right: ${loginCommand(connection)}`,
  MANIFEST_UNKNOWN: missing,
  BLOB_UNKNOWN: missing,
  REPOSITORY_UNKNOWN: (connection, attempt, refusal) =>
    attempt.kind === 'upload'
      ? `Create the repository (Amazon ECR) or the project (Harbor, GitLab) first, and check the name.`
      : missing(connection, attempt, refusal),
  UPLOAD_FAILED: (_connection, _attempt, refusal) => {
    if (refusal.status === 413) return BODY_TOO_LARGE;
    return refusal.status === 404
      ? 'The repository or project may have to be created first, or the upload session expired.'
      : serverSide(refusal);
  },
  REGISTRY_ERROR: (_connection, _attempt, refusal) => {
    if (refusal.status === 413) return BODY_TOO_LARGE;
    return wrongProtocol(refusal) ?? serverSide(refusal);
  },
  RATE_LIMITED: (connection, _attempt, refusal) => {
    const after = refusal.headers.get('retry-after');
    const wait = after === undefined ? '' : ` The registry asks to wait: ${sanitize(after)}.`;
    return isHub(connection)
      ? `Sign in for a larger allowance (${loginCommand(connection)}), or wait; \`regctl rate-limit\` shows what is left.${wait}`
      : `Try again later, with fewer requests at a time.${wait}`;
  },
  NOT_A_REGISTRY: (connection, _attempt, refusal) =>
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
  return HINTS[code]?.(connection, attempt, refusal);
}

export function notARegistryHint(registry: string): string {
  return `Check the host and port: whatever answers at ${registry} does not speak the registry API (/v2/).`;
}

export function isHub(connection: Connection): boolean {
  return connection.registry === DOCKER_HUB;
}

function loginCommand(connection: Connection): string {
  return isHub(connection) ? 'regctl login' : `regctl login ${connection.registry}`;
}

function missing(connection: Connection, _attempt: Attempt, refusal: Refusal): string {
  if (refusal.html) return notARegistryHint(connection.registry);
  return refusal.credentials?.sent === true
    ? 'Check the name; a repository that the account may not see looks as if it did not exist.'
    : `Check the name; a private repository stays hidden until you sign in: ${loginCommand(connection)}`;
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

function serverSide(refusal: Refusal): string | undefined {
  return refusal.status >= 500
    ? 'The registry, or a proxy in front of it, is failing; try again later.'
    : undefined;
}
