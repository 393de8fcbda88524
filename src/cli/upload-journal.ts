import type { JournalEntry, UploadJournal } from '../registry/journal/types.ts';
import type { ContextOptions } from './context.ts';

/** Sending less than this again costs hardly more than looking for what is there. */
const MIN_SIZE = 16 * 1024 * 1024;

const NO_ENTRY: JournalEntry = {
  moved: () => undefined,
  done: async () => undefined,
  leave: async () => undefined,
};

/** The journal of uploads in the user's state folder, loaded with the first large blob. */
export function createLazyJournal({
  io,
  trace,
}: Pick<ContextOptions, 'io' | 'trace'>): UploadJournal {
  let once: Promise<void> | undefined;
  let journal: Pick<UploadJournal, 'find' | 'note'> | undefined;

  const open = async (): Promise<void> => {
    const [{ cacheWanted, stateFolder }, { createUploadJournal }, processes] = await Promise.all([
      import('../config/cache-folder.ts'),
      import('../registry/journal/journal.ts'),
      io.processes?.(),
    ]);
    const folder = stateFolder(io.env, io.home);
    if (folder === undefined || processes === undefined || !cacheWanted(io.env)) return;
    const now = (): number => io.now().getTime();
    journal = createUploadJournal({ folder, uid: io.uid, now, processes, trace });
  };

  return {
    minSize: MIN_SIZE,
    async find(blob) {
      await (once ??= open());
      return journal?.find(blob);
    },
    note: (blob, session) => journal?.note(blob, session) ?? NO_ENTRY,
  };
}
