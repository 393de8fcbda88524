import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';

/** The refusal of `--preserve-digests`; `change` is what would happen: "be converted to v2s2". */
export function digestChangedError(
  where: string,
  { digest }: Pick<Descriptor, 'digest'>,
  change: string,
): AppError {
  return new AppError(
    'DIGEST_CHANGED',
    `${where}: ${digest} would have to ${change}, which changes its digest`,
    {
      hint: 'Leave out --preserve-digests, or what asks for the change.',
      details: { digest, change },
    },
  );
}

/**
 * A mirror failed in the middle of a blob. The bytes that were passed on are invalid; if the same
 * blob is opened again, it comes from another location.
 */
export class RetryOtherMirrorError extends AppError {
  override readonly name = 'RetryOtherMirrorError';

  constructor(cause: AppError) {
    const { hint, details } = cause;
    super(cause.code, cause.message, { cause, hint, details });
  }
}
