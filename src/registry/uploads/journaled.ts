import { AppError, RegistryError } from '../../errors/app-error.ts';
import { isRetryableStatus } from '../../http/retry/policy.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { CallOptions } from '../../util/abort.ts';
import { refName, registryUrl, repositoryUrl, type RequestContext } from '../requests.ts';
import type {
  JournalEntry,
  JournaledBlob,
  JournaledSession,
  UploadJournal,
} from '../journal/types.ts';
import { mayContinue } from './trust.ts';
import { resolveUploadLocation, type UploadTarget } from './location.ts';
import { cancelSession, getUploadPosition, type UploadPosition } from './status.ts';

/** The record of one upload. Without a journal, or for a small blob, it does nothing. */
export interface UploadLog {
  /** The session is now at this URL. */
  movedTo(session: UploadTarget): void;
  /** There is nothing to resume. */
  done(): Promise<void>;
  /** True: the session is kept for another run; false: it must be canceled. */
  failed(error: unknown, signal: AbortSignal | undefined): Promise<boolean>;
}

const NO_LOG: UploadLog = {
  movedTo: () => undefined,
  done: async () => undefined,
  failed: async () => false,
};

/** A session with fewer bytes is not worth resuming. */
const MIN_RESUMABLE = 1024 * 1024;
/** Failures of the network and of servers; a person who interrupts wants no leftovers. */
const TRANSIENT: ReadonlySet<string> = new Set(['NETWORK', 'TIMEOUT', 'RATE_LIMITED']);

/** Opens the record of this upload and, if an earlier run started it, returns its position. */
export async function openUploadLog(
  context: RequestContext,
  descriptor: Descriptor,
  options: CallOptions,
): Promise<{ readonly log: UploadLog; readonly position?: UploadPosition | undefined }> {
  const { journal } = context.deps;
  const { digest, size } = descriptor;
  if (journal === undefined || size < journal.minSize || !mayContinue(context)) {
    return { log: NO_LOG };
  }
  const registry = (await registryUrl(context, '', options)).href;
  const blob = { registry, repository: context.repository ?? '', digest, size };
  const found = await journal.find(blob);
  if (found !== undefined) {
    const position = await positionOf(context, blob, found.session, options).catch(() => undefined);
    options.signal?.throwIfAborted();
    if (position !== undefined && position.offset >= MIN_RESUMABLE && position.offset <= size) {
      const log = uploadLogOf(journal, blob, found.entry);
      log.movedTo(position.session);
      return { log, position };
    }
    await found.entry.done();
    if (position !== undefined) await cancelSession(context, position.session);
  }
  return { log: uploadLogOf(journal, blob, undefined) };
}

/** Checks the session like a new Location of the registry, and asks for its offset. */
async function positionOf(
  context: RequestContext,
  { digest }: JournaledBlob,
  { url, minChunk }: JournaledSession,
  options: CallOptions,
): Promise<UploadPosition | undefined> {
  const where = refName(context, digest);
  const [home, uploads] = await Promise.all([
    registryUrl(context, '', options),
    repositoryUrl(context, 'blobs/uploads/', options),
  ]);
  const session = { ...resolveUploadLocation(url, uploads, home, where), minChunk };
  return getUploadPosition(context, session, where, options);
}

function uploadLogOf(
  journal: UploadJournal,
  blob: JournaledBlob,
  taken: JournalEntry | undefined,
): UploadLog {
  let entry = taken;
  return {
    movedTo({ url, minChunk }) {
      const session = { url: url.href, minChunk };
      if (entry === undefined) entry = journal.add(blob, session);
      else entry.moved(session);
    },
    done: async () => entry?.done(),
    async failed(error, signal) {
      const leave = entry !== undefined && isTransient(signal?.aborted ? signal.reason : error);
      await (leave ? entry?.handOver() : entry?.done());
      return leave;
    },
  };
}

/** Whether another run may succeed. */
function isTransient(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AppError && TRANSIENT.has(at.code)) return true;
    if (at instanceof RegistryError && isRetryableStatus(at.status)) return true;
  }
  return false;
}
