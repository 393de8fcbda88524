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
import { resolveUploadLocation, type UploadTarget } from './location.ts';
import { cancelSession, getUploadPosition, type UploadPosition } from './status.ts';

/** What a run writes down of one upload. Without a journal, or for a small blob, nothing. */
export interface UploadLog {
  /** The session is here now. */
  movedTo(session: UploadTarget): void;
  /** There is nothing to go on with. */
  done(): Promise<void>;
  /** True: the session stays as it is, for another run; false: it is to be cancelled. */
  failed(error: unknown, signal: AbortSignal | undefined): Promise<boolean>;
}

const NO_LOG: UploadLog = {
  movedTo: () => undefined,
  done: async () => undefined,
  failed: async () => false,
};

/** With less in it than this, a session is not worth going on with. */
const MIN_RESUMABLE = 1024 * 1024;
/** Failures of the network and of servers; a person who interrupts wants nothing left behind. */
const TRANSIENT: ReadonlySet<string> = new Set(['NETWORK', 'TIMEOUT', 'RATE_LIMITED']);

/** The notes of this upload and, where an earlier run left some of it at the registry, its place. */
export async function openUploadLog(
  context: RequestContext,
  descriptor: Descriptor,
  options: CallOptions,
): Promise<{ readonly log: UploadLog; readonly position?: UploadPosition | undefined }> {
  const { journal } = context.deps;
  const { digest, size } = descriptor;
  if (journal === undefined || size < journal.minSize) return { log: NO_LOG };
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

/** Judged as a Location that the registry gives now, and asked where it is. */
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

/** Another run may succeed where this one did not. */
function isTransient(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AppError && TRANSIENT.has(at.code)) return true;
    if (at instanceof RegistryError && isRetryableStatus(at.status)) return true;
  }
  return false;
}
