import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Context } from '../context.ts';
import { writeNamedFile } from './named-file.ts';

/**
 * Writes only the digest, without a line end, as skopeo does. `done`: what stays done if that fails.
 * @throws AppError IO
 */
export async function writeDigestFile(
  { cwd }: Pick<Context, 'cwd'>,
  file: string | undefined,
  { digest }: Descriptor,
  done = 'the image was written',
): Promise<void> {
  if (file === undefined) return;
  try {
    await writeNamedFile(resolve(cwd, file), digest);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, hint, details, cause } = error;
    throw new AppError(code, message, { why: [done], hint, details, cause });
  }
}
