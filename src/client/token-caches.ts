import type { LoginStore } from '../credentials/types.ts';
import type { TokenFile } from '../http/auth/disk/cache.ts';
import type { ContextOptions } from '../cli/context.ts';

export interface TokenCaches {
  /** The cache for this run; undefined when it is switched off or there is no place for it. */
  use(): Promise<TokenFile | undefined>;
  /** Logins that take a registry's tokens with them, also while the cache is switched off. */
  readonly forgettingTokens: (logins: LoginStore) => LoginStore;
  close(): Promise<void>;
}

/** The tokens on disk, opened when first asked for. */
export function createTokenCaches(
  options: Pick<ContextOptions, 'io' | 'messages' | 'trace'>,
): TokenCaches {
  const { io, messages, trace } = options;
  let once: Promise<TokenFile | undefined> | undefined;

  const open = async (): Promise<TokenFile | undefined> => {
    const [{ cacheFolder }, { createTokenFile }] = await Promise.all([
      import('../config/files/user-folders.ts'),
      import('../http/auth/disk/cache.ts'),
    ]);
    const folder = cacheFolder(io.env, io.home);
    if (folder === undefined) return undefined;
    const now = (): number => io.now().getTime();
    return createTokenFile({ folder, uid: io.uid, now, trace });
  };
  const file = (): Promise<TokenFile | undefined> => (once ??= open());
  const forget = async (registry: string): Promise<void> => {
    if ((await (await file())?.forget(registry)) !== false) return;
    messages.warn(
      `the cached tokens of ${registry} could not be removed; they expire by themselves`,
    );
  };

  return {
    async use() {
      const { isCacheEnabled } = await import('../config/files/user-folders.ts');
      if (!isCacheEnabled(io.env)) return undefined;
      const opened = await file();
      // Read while the rest of the program loads; the first request waits for it.
      void opened?.ready();
      return opened;
    },
    forgettingTokens: (logins) => ({
      list: (call) => logins.list(call),
      async save(host, login, call) {
        await forget(host);
        return logins.save(host, login, call);
      },
      async remove(host, call) {
        await forget(host);
        return logins.remove(host, call);
      },
    }),
    close: async () => (await once)?.close(),
  };
}
