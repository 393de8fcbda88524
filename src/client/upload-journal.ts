import type { LoginStore } from '../credentials/types.ts';
import type { createUploadJournal } from '../registry/journal/journal.ts';
import type { JournalEntry, UploadJournal } from '../registry/journal/types.ts';
import type { ConnectionsOptions } from './types.ts';

/** For smaller blobs, resuming costs about as much as sending them again. */
const MIN_SIZE = 16 * 1024 * 1024;

const NO_ENTRY: JournalEntry = {
  moved: () => undefined,
  done: async () => undefined,
  handOver: async () => undefined,
};

type Options = Pick<ConnectionsOptions, 'machine' | 'trace'>;
type Journal = ReturnType<typeof createUploadJournal>;

/** Opens the journal; `undefined` if there is no directory for it. */
async function openJournal({ machine, trace }: Options): Promise<Journal | undefined> {
  const [{ stateFolder }, journals, processes] = await Promise.all([
    import('../config/files/user-folders.ts'),
    import('../registry/journal/journal.ts'),
    machine.processes?.(),
  ]);
  const folder = stateFolder(machine.env, machine.home);
  if (folder === undefined || processes === undefined) return undefined;
  const now = (): number => machine.now().getTime();
  return journals.createUploadJournal({ folder, uid: machine.uid, now, processes, trace });
}

/**
 * Wraps logins so that removing one also removes its unfinished uploads, even if the journal is
 * switched off: the URL of an upload session may be enough to continue it.
 */
export function forgettingUploadSessions(options: Options, logins: LoginStore): LoginStore {
  return {
    ...logins,
    async remove(target, call) {
      const { apiHost } = await import('../reference/docker-hub.ts');
      const [name = '', ...path] = target.split('/');
      const namespace = path.join('/');
      const journal = await openJournal(options);
      const isOf = (registry: URL): boolean => {
        // In the form of a URL: without the default port of its scheme.
        const named = `${registry.protocol}//${apiHost(name.toLowerCase())}`;
        return URL.canParse(named) && new URL(named).host === registry.host;
      };
      await journal?.forget(
        ({ registry, repository }) =>
          isOf(new URL(registry)) &&
          (namespace === '' || `${repository}/`.startsWith(`${namespace}/`)),
      );
      return logins.remove(target, call);
    },
  };
}

/** The journal of uploads in the user's state directory, loaded with the first large blob. */
export function createLazyJournal(options: Options): UploadJournal {
  let once: Promise<void> | undefined;
  let journal: Journal | undefined;

  const open = async (): Promise<void> => {
    const { isCacheEnabled } = await import('../config/files/user-folders.ts');
    if (isCacheEnabled(options.machine.env)) journal = await openJournal(options);
  };

  return {
    minSize: MIN_SIZE,
    async find(blob) {
      await (once ??= open());
      return journal?.find(blob);
    },
    add: (blob, session) => journal?.add(blob, session) ?? NO_ENTRY,
  };
}
