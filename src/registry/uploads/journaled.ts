import { AppError, RegistryError } from '../../errors/app-error.ts';
import { isRetried } from '../../http/retry/policy.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { CallOptions } from '../../store/types.ts';
import { nameOf, registryUrl, repositoryUrl, type Connection } from '../requests.ts';
import type {
  JournalEntry,
  JournaledBlob,
  JournaledSession,
  UploadJournal,
} from '../journal/types.ts';
import { resolveLocation, type UploadTarget } from './location.ts';
import { cancelSession } from './status.merge-upload-cancel.ts';
import { askPlace, type Place } from './status.ts';

/** What a run writes down of one upload. Without a journal, or for a small blob, nothing. */
export interface UploadNotes {
  /** The session is here now. */
  at(session: UploadTarget): void;
  /** There is nothing to go on with. */
  done(): Promise<void>;
  /** True: the session stays as it is, for another run; false: it is to be cancelled. */
  failed(error: unknown, signal: AbortSignal | undefined): Promise<boolean>;
}

const NO_NOTES: UploadNotes = {
  at: () => undefined,
  done: async () => undefined,
  failed: async () => false,
};

/** With less in it than this, a session is not worth going on with. */
const MIN_KEPT = 1024 * 1024;
/** Failures of the network and of servers; a person who interrupts wants nothing left behind. */
const PASSING: ReadonlySet<string> = new Set(['NETWORK', 'TIMEOUT', 'RATE_LIMITED']);

/** The notes of this upload and, where an earlier run left some of it at the registry, its place. */
export async function takeNotes(
  connection: Connection,
  descriptor: Descriptor,
  options: CallOptions,
): Promise<{ readonly notes: UploadNotes; readonly place?: Place | undefined }> {
  const { journal } = connection.deps;
  const { digest, size } = descriptor;
  if (journal === undefined || size < journal.minSize) return { notes: NO_NOTES };
  const registry = (await registryUrl(connection, '', options)).href;
  const blob = { registry, repository: connection.repository ?? '', digest, size };
  const found = await journal.find(blob);
  if (found !== undefined) {
    const place = await placeOf(connection, blob, found.session, options).catch(() => undefined);
    options.signal?.throwIfAborted();
    if (place !== undefined && place.offset >= MIN_KEPT && place.offset <= size) {
      const notes = notesOf(journal, blob, found.entry);
      notes.at(place.session);
      return { notes, place };
    }
    await found.entry.done();
    if (place !== undefined) await cancelSession(connection, place.session);
  }
  return { notes: notesOf(journal, blob, undefined) };
}

/** Judged as a Location that the registry gives now, and asked where it is. */
async function placeOf(
  connection: Connection,
  { digest }: JournaledBlob,
  { url, minChunk }: JournaledSession,
  options: CallOptions,
): Promise<Place | undefined> {
  const where = nameOf(connection, digest);
  const [home, uploads] = await Promise.all([
    registryUrl(connection, '', options),
    repositoryUrl(connection, 'blobs/uploads/', options),
  ]);
  const session = { ...resolveLocation(url, uploads, home, where), minChunk };
  return askPlace(connection, session, where, options);
}

function notesOf(
  journal: UploadJournal,
  blob: JournaledBlob,
  taken: JournalEntry | undefined,
): UploadNotes {
  let entry = taken;
  return {
    at({ url, minChunk }) {
      const session = { url: url.href, minChunk };
      if (entry === undefined) entry = journal.note(blob, session);
      else entry.moved(session);
    },
    done: async () => entry?.done(),
    async failed(error, signal) {
      const leave = entry !== undefined && isPassing(signal?.aborted ? signal.reason : error);
      await (leave ? entry?.leave() : entry?.done());
      return leave;
    },
  };
}

/** Another run may succeed where this one did not. */
function isPassing(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AppError && PASSING.has(at.code)) return true;
    if (at instanceof RegistryError && isRetried(at.status)) return true;
  }
  return false;
}
