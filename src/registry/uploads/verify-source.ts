import { IntegrityError, type RegistryError } from '../../errors/app-error.ts';
import type { Source } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { Verifier } from '../../store/verify.ts';
import type { Operation } from '../requests.ts';

/**
 * Reads a source again after a registry found a different digest in the received data, to find out
 * which side is damaged. Resolves to the error for damage in transit. @throws IntegrityError if the
 * source is damaged
 */
export async function verifySource(
  source: Source,
  operation: Operation,
  refusal: RegistryError,
  options: CallOptions,
): Promise<IntegrityError> {
  const { digest } = source.descriptor;
  const bytes = await source.open({ signal: options.signal });
  const verifier = new Verifier(source.descriptor, `the source of ${operation.target}`);
  for await (const chunk of bytes) verifier.update(chunk);
  verifier.finish();
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot ${operation.action} ${operation.target}: the registry received other content than the source has`,
    { expected: digest, actual: 'unknown' },
    { cause: refusal, hint: 'The content was damaged in transit. Run the command again.' },
  );
}
