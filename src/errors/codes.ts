/**
 * The table of error codes and their exit statuses.
 *
 * Exit statuses: 1 failed, 2 does not exist, 3 refused by a safety rule or threshold,
 * 4 rate-limited, 5 integrity, 64 wrong usage, 130/143 interrupted (docs/reference/errors.md).
 * @example
 * import { EXIT_STATUS } from '@regctl/cli/errors';
 *
 * console.log(EXIT_STATUS.MANIFEST_UNKNOWN); // 2
 */
export const EXIT_STATUS = {
  // Wrong usage.
  USAGE: 64,
  INVALID_REFERENCE: 64,
  UNKNOWN_TRANSPORT: 64,
  INVALID_DIGEST: 64,
  INVALID_PLATFORM: 64,

  // The requested object does not exist.
  MANIFEST_UNKNOWN: 2,
  REPOSITORY_UNKNOWN: 2,
  BLOB_UNKNOWN: 2,
  PLATFORM_UNKNOWN: 2,
  PATH_UNKNOWN: 2,

  // Refused by a safety rule or a threshold.
  TAG_SHARED: 3,
  MANIFEST_LISTED: 3,
  TAG_EXISTS: 3,
  DECLINED: 3,
  DIGEST_CHANGED: 3,
  PATH_EXISTS: 3,
  PATH_UNSAFE: 3,
  REGISTRY_BLOCKED: 3,
  POLICY_REJECTED: 3,
  BASE_MISMATCH: 3,

  RATE_LIMITED: 4,

  // The bytes are not what they claim to be.
  DIGEST_MISMATCH: 5,
  SIZE_MISMATCH: 5,
  INVALID_MANIFEST: 5,
  INVALID_CONFIG: 5,
  CORRUPT_LAYOUT: 5,
  CORRUPT_ARCHIVE: 5,
  CORRUPT_LAYER: 5,

  // Failed.
  UNAUTHORIZED: 1,
  FORBIDDEN: 1,
  UNSUPPORTED: 1,
  UNTAG_UNSUPPORTED: 1,
  PLATFORM_CONFLICT: 1,
  NOT_A_REGISTRY: 1,
  REGISTRY_ERROR: 1,
  ENGINE_ERROR: 1,
  RESPONSE_TOO_LARGE: 1,
  PAGINATION_LOOP: 1,
  UPLOAD_FAILED: 1,
  TOKEN_FAILED: 1,
  REALM_UNTRUSTED: 1,
  TARGET_FORBIDDEN: 1,
  TOO_MANY_REDIRECTS: 1,
  NETWORK: 1,
  TIMEOUT: 1,
  TLS: 1,
  CONFIG_INVALID: 1,
  CREDENTIAL_HELPER: 1,
  IO: 1,
  NO_SPACE: 1,
  INTERNAL: 1,

  INTERRUPTED: 130,
  TERMINATED: 143,
} as const satisfies Record<string, number>;

/** The codes of errors, which stay over releases (docs/errors.md). */
export type ErrorCode = keyof typeof EXIT_STATUS;
