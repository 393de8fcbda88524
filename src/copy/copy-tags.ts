import { AppError } from '../errors/app-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { Digest } from '../oci/digest.ts';
import type { WriteStore } from '../store/types.ts';
import { attributeTo } from './engine/errors.ts';
import { withTaskGroup, type TaskGroup } from './engine/task-group.ts';
import { maxInFlight } from './engine/slots.ts';
import { CopySession, type ImageOutcome } from './session.ts';
import type { CopyCounts, CopyRunOptions } from './types.ts';

export interface CopyTagsOptions extends CopyRunOptions {
  /** Tags of the source. */
  readonly tags: readonly string[];
  /** What tags mean, as far as that was verified: whatever they mean by now. */
  readonly pins?: ReadonlyMap<string, Digest> | undefined;
  /** The name of a tag at the destination. Default: the same. */
  readonly destinationTag?: ((tag: string) => string) | undefined;
}

/** What happened to a tag: it was copied, or it failed. */
export type TagOutcome =
  | ({ readonly tag: string; readonly error?: undefined } & ImageOutcome)
  | { readonly tag: string; readonly error: AppError };

export interface TagsSummary extends CopyCounts {
  /** In the order of `tags`. */
  readonly images: readonly TagOutcome[];
}

/** An error with one of these codes for one tag occurs for all tags. */
const FAILS_FOR_ALL: ReadonlySet<ErrorCode> = new Set([
  'CREDENTIAL_HELPER',
  'FORBIDDEN',
  'NETWORK',
  'NO_SPACE',
  'NOT_A_REGISTRY',
  'REALM_UNTRUSTED',
  'TIMEOUT',
  'TLS',
  'TOKEN_FAILED',
  'UNAUTHORIZED',
] satisfies ErrorCode[]);

/** If the first tags all fail, this many in a row, the rest are not tried. */
const GIVE_UP_AFTER = 10;

/**
 * Copies many tags of one repository. Shared blobs are transferred once, and a tag that fails does
 * not stop the others.
 * @throws the signal's reason if aborted; CopyError if the destination cannot be committed; errors
 * that are not AppErrors
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyTags } from '@regctl/cli/copy';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = await client.openWrite('registry.example.com/base/alpine');
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * const { images } = await copyTags({ ...run, tags: ['3.20', '3.21'] });
 * for (const { tag, error } of images) console.log(tag, error?.message ?? 'copied');
 */
export async function copyTags(options: CopyTagsOptions): Promise<TagsSummary> {
  const { tags, pins, destination, signal, destinationTag = (tag) => tag } = options;
  return withTaskGroup(
    signal,
    async (tasks) => {
      const session = new CopySession(options, tasks);
      const known = options.noClobber === true ? undefined : await tagsOf(destination, tags, tasks);
      const streak = new FailureStreak();
      const one = async (tag: string): Promise<TagOutcome> => {
        tasks.signal.throwIfAborted();
        const reason = streak.reason;
        if (reason !== undefined) return { tag, error: skippedTag(tag, reason) };
        try {
          const name = destinationTag(tag);
          const isNew = known !== undefined && !known.has(name);
          const sourceRef = pins?.get(tag) ?? tag;
          const outcome = await session.image({ sourceRef, destinationTag: name, isNew });
          streak.end(undefined);
          return { tag, ...outcome };
        } catch (error) {
          tasks.signal.throwIfAborted();
          if (!(error instanceof AppError)) throw error;
          streak.end(error);
          options.emit({ type: 'warning', text: `${tag} was not copied: ${reasonOf(error)}` });
          return { tag, error };
        }
      };
      const images: TagOutcome[] = [];
      const entries = tags.entries();
      const work = async (): Promise<void> => {
        for (const [i, tag] of entries) images[i] = await one(tag);
      };
      const workers = Math.max(1, Math.min(maxInFlight(options.concurrency), tags.length));
      await tasks.all(Array.from({ length: workers }, work));
      if (images.some(({ error }) => error === undefined)) await session.commit();
      return { images, ...session.counts() };
    },
    { abortOnError: false },
  );
}

/**
 * Lists the destination's tags, so that a missing tag needs no lookup. `undefined` if they cannot
 * be listed, or if the list costs more than it saves.
 */
async function tagsOf(
  destination: WriteStore,
  wanted: readonly string[],
  { signal }: TaskGroup,
): Promise<ReadonlySet<string> | undefined> {
  const lister = destination.capabilities.tags;
  if (lister === undefined || wanted.length < 2) return undefined;
  const all = new Set<string>();
  let pages = 0;
  try {
    for await (const page of lister.tags({ signal })) {
      for (const tag of page) all.add(tag);
      pages += 1;
      if (pages > wanted.length) return undefined;
    }
    return all;
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    if (code === 'REPOSITORY_UNKNOWN') return all;
    if (code === 'UNSUPPORTED' || code === 'REGISTRY_ERROR') return undefined;
    return attributeTo(
      'destination',
      `cannot list the tags of ${destination.label}`,
      undefined,
      () => {
        throw error;
      },
    );
  }
}

/** The error message, and the innermost cause. */
function reasonOf(error: AppError): string {
  let last: unknown = error;
  while (last instanceof AppError && last.cause instanceof AppError) last = last.cause;
  const { message } = last as AppError;
  return error.message.endsWith(message) ? error.message : `${error.message}: ${message}`;
}

/** Counts failures of one kind in a row, as long as nothing has succeeded. */
class FailureStreak {
  #code: ErrorCode | undefined;
  #length = 0;
  #worked = false;

  /** The error code because of which the next tag is not tried. */
  get reason(): ErrorCode | undefined {
    return this.#length >= GIVE_UP_AFTER ? this.#code : undefined;
  }

  end(error: AppError | undefined): void {
    this.#worked ||= error === undefined;
    if (this.#worked || error === undefined || !FAILS_FOR_ALL.has(error.code)) {
      this.#length = 0;
      return;
    }
    this.#length = this.#code === error.code ? this.#length + 1 : 1;
    this.#code = error.code;
  }
}

function skippedTag(tag: string, code: ErrorCode): AppError {
  return new AppError(
    code,
    `${tag} was not tried: ${GIVE_UP_AFTER} tags in a row had failed in the same way`,
  );
}
