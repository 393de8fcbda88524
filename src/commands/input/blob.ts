import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';

/** Describes a blob known only by its digest. @throws AppError BLOB_UNKNOWN, UNSUPPORTED */
export async function blobIn(
  store: ReadStore,
  digest: Digest,
  options: CallOptions,
): Promise<Descriptor> {
  const { sizes } = store.capabilities;
  if (sizes === undefined) {
    throw new AppError('UNSUPPORTED', `cannot read a blob of ${store.label} by its digest`, {
      hint: 'Blobs are read from registries and OCI layouts.',
    });
  }
  const size = await sizes.blob(digest, options);
  if (size !== undefined) return { mediaType: 'application/octet-stream', digest, size };
  throw new AppError('BLOB_UNKNOWN', `${store.label} has no blob ${digest}`, {
    hint: 'If it is a manifest, use `regctl manifest`.',
  });
}
