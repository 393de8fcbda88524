import type { Descriptor } from '../oci/descriptor.ts';
import type { ReadStore } from '../store/types.ts';
import { Validator, type Checked, type ValidateOptions } from './validator.ts';

export interface Validation extends Checked {
  readonly root: Descriptor;
}

/**
 * Checks everything that belongs to an image: digests and sizes, the children of an index and their
 * platforms, diff IDs, media types, history, and the entries of the layers. Nothing stops at the
 * first problem.
 * @throws AppError MANIFEST_UNKNOWN if the image does not exist, and for whatever kept it from
 * looking: NETWORK, UNAUTHORIZED
 */
export async function validateImage(
  store: ReadStore,
  ref: string | undefined,
  options: ValidateOptions = {},
): Promise<Validation> {
  const root = await store.resolve(ref, { signal: options.signal, purpose: 'content' });
  const validator = new Validator(store, options);
  await validator.visit(root, { depth: 0 });
  const { manifests, layers, bytes, problems } = validator;
  return { root, manifests, layers, bytes, problems };
}
