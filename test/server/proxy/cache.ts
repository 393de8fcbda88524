import { openConnections } from '../../../src/client/connections.ts';
import { createStores } from '../../../src/client/stores.ts';
import type { Context } from '../../../src/commands/context.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';

/** What a proxy needs to reach its upstreams, with the real client and no files of this machine. */
export async function reaching(
  home: string,
  settings: { readonly retryTimes?: number } = {},
): Promise<Pick<Context, 'locate' | 'openRead'> & AsyncDisposable> {
  const connections = await openConnections({
    machine: { env: {}, home, os: process.platform, now: () => new Date() },
    settings: { allowRealm: [], retryTimes: 0, retryMaxWaitMs: 2000, ...settings },
    warn: () => undefined,
    note: () => undefined,
    onRetry: () => undefined,
  });
  const unused = (): never => {
    throw new Error('a proxy has no standard streams');
  };
  const stores = createStores({
    connections,
    temporaries: async () => plainTemporaries(),
    stdin: unused,
    stdout: unused,
    tempDir: home,
  });
  return {
    locate: stores.locate,
    openRead: (location, side, call) =>
      stores.openRead(location, typeof side === 'string' ? {} : side.host, call),
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}
