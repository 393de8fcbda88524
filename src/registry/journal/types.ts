/** Which upload: the same bytes to the same repository at the same address. */
export interface JournaledBlob {
  /** Base URL of the registry's API, "https://ghcr.io/v2/". */
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
  readonly size: number;
}

/** What leads back to an upload session. Its URL may be a capability: it is never printed. */
export interface JournaledSession {
  readonly url: string;
  readonly minChunk?: number | undefined;
}

/** One upload of this process, as the journal knows it. Nothing here rejects. */
export interface JournalEntry {
  /** The session goes on at another URL. */
  moved(session: JournaledSession): void;
  /** The upload is finished or given up: there is nothing to go on with. */
  done(): Promise<void>;
  /** This process stops; another run may go on. */
  handOver(): Promise<void>;
}

/**
 * Uploads that are not finished, for the run after one that died (docs/reliability.md). What it
 * gives back is no more to be trusted than a header of a registry.
 */
export interface UploadJournal {
  /** Blobs smaller than this many bytes are not worth a note. */
  readonly minSize: number;
  /** Takes over what a process that is gone left of this upload, so that no other one does. */
  find(
    blob: JournaledBlob,
  ): Promise<{ readonly session: JournaledSession; readonly entry: JournalEntry } | undefined>;
  add(blob: JournaledBlob, session: JournaledSession): JournalEntry;
}
