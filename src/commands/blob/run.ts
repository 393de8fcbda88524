import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { Repository } from '../../registry/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { blobIn } from '../input/blob.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type BlobContext = Pick<Context, 'locate' | 'openRead' | 'reference' | 'registry'>;

/** Returns the verified bytes of a blob: HEAD for its size, then GET. */
export async function run(
  context: BlobContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const name = readArgument(input, 0, 'REPOSITORY@DIGEST');
  const location = context.locate(name);
  const digest = location.ref;
  if (digest === undefined || !isDigest(digest)) {
    throw new AppError('USAGE', `"${name}" has no digest`, {
      hint: 'Write REPOSITORY@DIGEST; `regctl inspect` lists the digests of the layers.',
    });
  }
  const isHead = readFlag(input, 'head');
  if (location.scheme !== 'docker') {
    const store = await context.openRead(location, 'single', options);
    const descriptor = await blobIn(store, digest, options);
    const json = { Repository: store.label, Digest: digest, Size: descriptor.size };
    if (isHead) return { kind: 'value', json, text: () => digest };
    return { kind: 'bytes', bytes: await store.fetch(descriptor, options), json: () => json };
  }
  const { registry, repository: path } = context.reference(location.name);
  const repository = (await context.registry('single')).repository({
    registry,
    repository: path,
    access: 'pull',
    suffix: `@${digest}`,
  });
  const size = await sizeOf(repository, digest, options);
  const json = { Repository: location.name, Digest: digest, Size: size };
  if (isHead) return { kind: 'value', json, text: () => digest };
  const descriptor = { mediaType: 'application/octet-stream', digest, size };
  return {
    kind: 'bytes',
    bytes: await repository.getBlob(descriptor, options),
    json: () => json,
  };
}

async function sizeOf(
  repository: Repository,
  digest: Digest,
  options: CallOptions,
): Promise<number> {
  const where = `${repository.registry}/${repository.name}`;
  const found = await repository.hasBlob(digest, options);
  if (found === undefined) {
    throw new AppError('BLOB_UNKNOWN', `${where} has no blob ${digest}`, {
      hint: 'If it is a manifest, use `regctl manifest`.',
    });
  }
  if (found.size !== undefined) return found.size;
  throw new AppError('REGISTRY_ERROR', `${where} does not say how large ${digest} is`);
}
