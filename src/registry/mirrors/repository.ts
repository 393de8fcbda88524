import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { MirrorUse } from '../../config/containers/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { type CallOptions, abortable } from '../../util/abort.ts';
import { RetryOtherMirrorError } from '../../store/errors.ts';
import { mapVerified } from '../../store/verify.ts';
import { bytesOf, collect, type Bytes } from '../../util/bytes.ts';
import { MISSING, type MirrorHealth } from './health.ts';
import type { Repository } from '../types.ts';

/** A mirror of one repository. */
export interface MirrorRepository {
  /** "mirror.example:5000/hub/library/busybox" */
  readonly label: string;
  readonly host: string;
  readonly use: MirrorUse;
  readonly repository: Repository;
}

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['NETWORK', 'TIMEOUT']);

/** Blobs up to this size are verified before their first byte is passed on. */
const HELD_BYTES = 4 * 1024 * 1024;

/**
 * Reads manifests and blobs from the first mirror that has them, or from the primary. Lists of tags
 * and referrers come only from the primary, because a mirror's list may be incomplete or outdated.
 * Writes go to the primary.
 */
export function createMirroredRepository(
  primary: Repository,
  primaryLabel: string,
  places: readonly MirrorRepository[],
  health: MirrorHealth,
): Repository {
  const name = `${primary.registry}/${primary.name}`;

  /** `ask` resolves to undefined if the object does not exist. */
  const first = async <T>(
    ref: string,
    options: CallOptions | undefined,
    ask: (repository: Repository, mirror: MirrorRepository | undefined) => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    const failures: string[] = [];
    for (const place of places.filter((one) => mayAnswer(one.use, ref))) {
      if (!health.isUsable(place)) continue;
      try {
        const answer = await ask(place.repository, place);
        if (answer !== undefined) {
          health.noteOnce(`${name}: answered by ${place.label}`);
          return answer;
        }
        health.events.trace?.(`mirror ${place.label}: it has no ${ref}`);
      } catch (error) {
        options?.signal?.throwIfAborted();
        if (error instanceof AppError && MISSING.has(error.code)) {
          health.events.trace?.(`mirror ${place.label}: it has no ${ref}`);
          continue;
        }
        const { message } = health.failed(place, error);
        failures.push(`${place.label}: ${firstLine(message)}`);
      }
    }
    try {
      const answer = await ask(primary, undefined);
      if (answer !== undefined) health.noteOnce(`${name}: answered by ${primaryLabel}`);
      return answer;
    } catch (error) {
      for (const failure of failures) health.events.warn(`the mirror failed too: ${failure}`);
      throw error;
    }
  };

  const headManifest: Repository['headManifest'] = (ref, options) =>
    first(ref, options, (repository) => repository.headManifest(ref, options));
  const getManifest: Repository['getManifest'] = (ref, options) =>
    found(first(ref, options, (repository) => repository.getManifest(ref, options)));

  return {
    ...primary,
    tags: (options) => withMirrorHint(primary.tags(options)),
    headManifest,
    getManifest,
    // A mirror may need no login, and which one answers is not known in advance.
    async findManifest(ref, want, options) {
      const wanted = await abortable(want, options?.signal);
      return wanted === 'content' ? getManifest(ref, options) : headManifest(ref, options);
    },
    hasBlob: (digest, options) =>
      first(digest, options, (repository) => repository.hasBlob(digest, options)),
    getBlobRange: (descriptor, part, options) =>
      first(descriptor.digest, options, (repository) =>
        repository.getBlobRange(descriptor, part, options),
      ),
    getBlob: (descriptor, options) =>
      found(
        first(descriptor.digest, options, async (repository, mirror) => {
          // Chunks that are held are not used again.
          const isHeld = mirror !== undefined && descriptor.size <= HELD_BYTES;
          const how = isHeld ? { ...options, reuseChunks: false } : options;
          const bytes = await repository.getBlob(descriptor, how);
          if (mirror === undefined) return bytes;
          return descriptor.size <= HELD_BYTES
            ? heldUntilVerified(bytes, descriptor)
            : mapVerified(bytes, (all) => reportingFailures(all, mirror, health, options));
        }),
      ),
  };
}

/** If only mirrors are reachable, an image can be read but its tags cannot be listed. */
async function* withMirrorHint<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pages;
  } catch (error) {
    if (!(error instanceof AppError) || !UNREACHABLE.has(error.code)) throw error;
    throw new AppError(error.code, error.message, {
      cause: error,
      details: error.details,
      hint: 'Tags are listed by the registry itself, never by a mirror of it; `regctl inspect --no-tags` needs no list.',
    });
  }
}

async function found<T>(answer: Promise<T | undefined>): Promise<T> {
  const value = await answer;
  if (value === undefined) throw new Error('the primary must answer or throw');
  return value;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function mayAnswer(use: MirrorUse, ref: string): boolean {
  return use === 'all' || use === (isDigest(ref) ? 'digest-only' : 'tag-only');
}

async function heldUntilVerified(bytes: Bytes, { digest, size }: Descriptor): Promise<Bytes> {
  const tooLong = (): AppError =>
    new IntegrityError('SIZE_MISMATCH', `${digest} is longer than its descriptor says`, {
      expected: String(size),
      actual: `more than ${size}`,
    });
  return bytesOf(await collect(bytes, size, tooLong));
}

/** @throws RetryOtherMirrorError if the mirror is interrupted or its content is wrong */
async function* reportingFailures(
  bytes: Bytes,
  mirror: MirrorRepository,
  health: MirrorHealth,
  options: CallOptions | undefined,
): Bytes {
  try {
    yield* bytes;
  } catch (error) {
    options?.signal?.throwIfAborted();
    throw new RetryOtherMirrorError(health.failed(mirror, error));
  }
}
