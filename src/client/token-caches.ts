import type { LoginStore } from '../credentials/types.ts';
import type { TokenFile } from '../http/auth/disk/cache.ts';
import type { ConnectionsOptions } from './types.ts';

export interface TokenCaches {
  /** Returns the cache for this run; undefined if it is switched off or has no directory. */
  use(): Promise<TokenFile | undefined>;
  /**
   * Wraps logins so that removing one also removes its tokens, even if the cache is switched off.
   */
  readonly forgettingTokens: (logins: LoginStore) => LoginStore;
  close(): Promise<void>;
}

/** Creates access to the tokens on disk, opened on first use. */
export function createTokenCaches(
  options: Pick<ConnectionsOptions, 'machine' | 'warn' | 'trace'>,
): TokenCaches {
  const { machine, warn, trace } = options;
  let once: Promise<TokenFile | undefined> | undefined;

  const open = async (): Promise<TokenFile | undefined> => {
    const [{ cacheFolder }, { createTokenFile }] = await Promise.all([
      import('../config/files/user-folders.ts'),
      import('../http/auth/disk/cache.ts'),
    ]);
    const folder = cacheFolder(machine.env, machine.home);
    if (folder === undefined) return undefined;
    const now = (): number => machine.now().getTime();
    const { uid, processes, beginWait } = machine;
    return createTokenFile({ folder, uid, now, trace, processes, beginWait });
  };
  const file = (): Promise<TokenFile | undefined> => (once ??= open());
  const forget = async (registry: string): Promise<void> => {
    if ((await (await file())?.forget(registry)) !== false) return;
    warn(`the cached tokens of ${registry} could not be removed; they expire by themselves`);
  };

  return {
    async use() {
      const { isCacheEnabled } = await import('../config/files/user-folders.ts');
      if (!isCacheEnabled(machine.env)) return undefined;
      const opened = await file();
      // Read while the program loads; the first request waits for it.
      void opened?.ready();
      return opened;
    },
    forgettingTokens: (logins) => ({
      list: (call) => logins.list(call),
      async save(target, login, call) {
        await forget(target);
        return logins.save(target, login, call);
      },
      async remove(target, call) {
        await forget(target);
        return logins.remove(target, call);
      },
    }),
    close: async () => (await once)?.close(),
  };
}
