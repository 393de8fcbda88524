import { EXIT_STATUS, type ErrorCode } from './codes.ts';
import { redactPasswords } from './redact.ts';

/** What an error says in addition to its title. */
export interface AppErrorOptions {
  /** Facts that the message lacks, one each: "HTTP 401", "4 tries". */
  readonly why?: readonly string[] | undefined;
  /** The next step: at most two sentences, or a sentence that ends with a command after a colon. */
  readonly hint?: string | undefined;
  /** The wrong text, with a caret below the error, for a terminal. */
  readonly excerpt?: string | undefined;
  /** Machine-readable facts for `-o json`; never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/**
 * An error that a user can act on; `message` is one line. Any other error is a bug in regctl.
 * Passwords of names like `user:password@host` are hidden in all texts.
 * @example
 * import { AppError, createClient } from '@regctl/cli';
 *
 * await using client = createClient();
 * try {
 *   await client.resolve('registry.example.com/app:none');
 * } catch (error) {
 *   if (!(error instanceof AppError)) throw error;
 *   console.log(error.code, error.message, error.hint);
 * }
 */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly why: readonly string[];
  readonly hint: string | undefined;
  readonly excerpt: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    const { why = [], hint, excerpt, details, cause } = options;
    super(redactPasswords(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.why = why.map(redactPasswords);
    this.hint = hint === undefined ? undefined : redactPasswords(hint);
    // The caret would no longer be below the error.
    this.excerpt = excerpt === redactPasswords(excerpt ?? '') ? excerpt : undefined;
    this.details = details === undefined ? undefined : withoutPasswords(details);
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

function withoutPasswords(
  details: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(details);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      typeof value === 'string' ? redactPasswords(value) : value,
    ]),
  );
}

/** One entry of a registry's error body (distribution-spec v1.1.1, "Error Codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/** Which credentials a request carried. */
export interface CredentialsInfo {
  /** False: no login, at most an anonymous token. */
  readonly sent: boolean;
  /** Where they come from: "--creds", "/home/me/.docker/config.json". */
  readonly origin?: string | undefined;
}

/** A request, and how the registry refused it. */
export interface RegistryErrorInfo {
  readonly status: number;
  readonly method: string;
  /** Already redacted. */
  readonly url: string;
  readonly errors: readonly RegistryErrorEntry[];
  /** Absent: the request could not carry any. */
  readonly credentials?: CredentialsInfo | undefined;
  /** How often the request was sent. */
  readonly attempts?: number | undefined;
}

/**
 * A registry refused a request or failed to serve it.
 * @example
 * import { createClient, registryErrorOf } from '@regctl/cli';
 *
 * await using client = createClient();
 * const error: unknown = await client.resolve('ghcr.io/my-org/private').catch((one: unknown) => one);
 * const answer = registryErrorOf(error);
 * if (answer !== undefined) console.log(answer.status, answer.errors[0]?.code, answer.credentials);
 */
export class RegistryError extends AppError {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly method: string;
  readonly url: string;
  /** The registry's own codes and words. */
  readonly errors: readonly RegistryErrorEntry[];
  readonly credentials: CredentialsInfo | undefined;
  readonly attempts: number;

  constructor(
    code: ErrorCode,
    message: string,
    facts: RegistryErrorInfo,
    options: AppErrorOptions = {},
  ) {
    super(code, message, options);
    this.status = facts.status;
    this.method = facts.method;
    this.url = facts.url;
    this.errors = facts.errors;
    this.credentials = facts.credentials;
    this.attempts = facts.attempts ?? 1;
  }
}

/**
 * The registry's answer that caused an error: status, words, which credentials were sent.
 * @example
 * import { createClient, registryErrorOf } from '@regctl/cli';
 *
 * await using client = createClient();
 * await client.resolve('ghcr.io/my-org/private').catch((error: unknown) => {
 *   console.log(registryErrorOf(error)?.status); // 401
 * });
 */
export function registryErrorOf(error: unknown): RegistryError | undefined {
  const seen = new Set<unknown>();
  for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (at instanceof RegistryError) return at;
    seen.add(at);
  }
  return undefined;
}

/** Whether a registry reports that a manifest names missing content (`details.missing`). */
export function isContentMissing(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof RegistryError) {
      const isCode = at.errors.some(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN');
      return isCode || at.details?.['missing'] !== undefined;
    }
  }
  return false;
}

/**
 * Content does not match its descriptor.
 * @example
 * import { createClient, IntegrityError } from '@regctl/cli';
 *
 * await using client = createClient();
 * await client.copy('alpine', 'oci:./alpine').catch((error: unknown) => {
 *   const cause = error instanceof Error ? error.cause : undefined;
 *   if (cause instanceof IntegrityError) console.log(cause.expected, cause.actual);
 * });
 */
export class IntegrityError extends AppError {
  override readonly name = 'IntegrityError';
  readonly expected: string;
  readonly actual: string;

  constructor(
    code: 'DIGEST_MISMATCH' | 'SIZE_MISMATCH',
    message: string,
    facts: { expected: string; actual: string },
    options: AppErrorOptions = {},
  ) {
    super(code, message, options);
    this.expected = facts.expected;
    this.actual = facts.actual;
  }
}

/**
 * A copy failed on one side. Code, facts and hint are those of its cause.
 * @example
 * import { CopyError, createClient } from '@regctl/cli';
 *
 * await using client = createClient();
 * await client.copy('alpine', 'registry.example.com/alpine').catch((error: unknown) => {
 *   if (error instanceof CopyError) console.log(error.side, error.message);
 * });
 */
export class CopyError extends AppError {
  override readonly name = 'CopyError';
  readonly side: 'source' | 'destination';
  /** Digest or tag of what was being copied. */
  readonly node: string | undefined;
  /** What the copy was doing: "cannot read R/app@sha256:…". */
  readonly step: string;

  constructor(side: 'source' | 'destination', step: string, cause: AppError, node?: string) {
    const { message, code, why, hint, excerpt, details } = cause;
    super(code, withSide(side, message), { cause, why, hint, excerpt, details });
    this.side = side;
    this.node = node;
    this.step = step;
  }
}

/** "source ghcr.io/o/app:1 does not exist" if a name comes first, else "source: cannot …". */
function withSide(side: string, message: string): string {
  return /^\S*[.:/]\S/u.test(message) ? `${side} ${message}` : `${side}: ${message}`;
}

/** Wraps `cause` with more context; keeps its code and hint if it has them. */
export function wrapError(cause: unknown, code: ErrorCode, message: string): AppError {
  if (cause instanceof AppError) {
    const { code: own, hint, details } = cause;
    return new AppError(own, message, { cause, hint, details });
  }
  return new AppError(code, message, { cause });
}
