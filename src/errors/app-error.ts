import { EXIT_STATUS, type ErrorCode } from './codes.ts';

export interface AppErrorOptions {
  /** What the reader can do about it: one sentence, printed on its own line. */
  readonly hint?: string | undefined;
  /** Machine-readable facts for `-o json`; never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** An error a user can act on. Everything else that is thrown is a bug in regctl. */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** One entry of a registry's error body (distribution-spec v1.1.1, "Error Codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

export interface RegistryErrorInfo {
  readonly status: number;
  readonly method: string;
  /** Already redacted. */
  readonly url: string;
  readonly errors: readonly RegistryErrorEntry[];
}

/** A registry answered, and the answer was no. */
export class RegistryError extends AppError {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly method: string;
  readonly url: string;
  readonly errors: readonly RegistryErrorEntry[];

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
  }
}

/** A registry says that what a manifest names is not there, or not yet (`details.missing`). */
export function isContentMissing(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof RegistryError) {
      const isCode = at.errors.some(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN');
      return isCode || at.details?.['missing'] !== undefined;
    }
  }
  return false;
}

/** Content does not match its descriptor. */
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

/** A copy failed; says on which side and at which node. Inherits the code of its cause. */
export class CopyError extends AppError {
  override readonly name = 'CopyError';
  readonly side: 'source' | 'destination';
  readonly node: string | undefined;

  constructor(side: 'source' | 'destination', message: string, cause: AppError, node?: string) {
    super(cause.code, message, { cause, hint: cause.hint, details: cause.details });
    this.side = side;
    this.node = node;
  }
}

/** Wraps `cause` with more context, keeping its code and hint when it has them. */
export function wrapError(cause: unknown, code: ErrorCode, message: string): AppError {
  if (cause instanceof AppError) {
    return new AppError(cause.code, message, { cause, hint: cause.hint, details: cause.details });
  }
  return new AppError(code, message, { cause });
}
