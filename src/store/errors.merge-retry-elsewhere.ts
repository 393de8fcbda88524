import { AppError } from '../errors/app-error.ts';

/**
 * A mirror failed in the middle of a node's bytes. What was handed on is void; opened again, the
 * same node comes from another place.
 */
export class RetryOtherMirrorError extends AppError {
  override readonly name = 'RetryOtherMirrorError';

  constructor(cause: AppError) {
    const { hint, details } = cause;
    super(cause.code, cause.message, { cause, hint, details });
  }
}
