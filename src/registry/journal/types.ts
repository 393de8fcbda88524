/** Identifies an upload: the same bytes to the same repository at the same address. */
export interface JournaledBlob {
  /** Base URL of the registry's API, "https://ghcr.io/v2/". */
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
  readonly size: number;
}

/** An upload session to resume. Its URL may grant access, so it is never printed. */
export interface JournaledSession {
  readonly url: string;
  readonly minChunk?: number | undefined;
}

/** The record of one upload of this process. Its functions never reject. */
export interface JournalEntry {
  /** The session continues at another URL. */
  moved(session: JournaledSession): void;
  /** The upload is finished or given up: there is nothing to resume. */
  done(): Promise<void>;
  /** This process stops; another run may resume. */
  handOver(): Promise<void>;
}

/**
 * Unfinished uploads, for the run after one that died (docs/reliability.md). Its data is no more
 * trusted than a header of a registry.
 */
export interface UploadJournal {
  /** Smaller blobs, in bytes, are not recorded. */
  readonly minSize: number;
  /** Takes over what a dead process left of this upload, so that no other process does. */
  find(
    blob: JournaledBlob,
  ): Promise<{ readonly session: JournaledSession; readonly entry: JournalEntry } | undefined>;
  /** Remembers an upload that another run may resume. */
  add(blob: JournaledBlob, session: JournaledSession): JournalEntry;
}
