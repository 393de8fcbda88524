import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';

export interface Registry extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
}

/** A registry, by what becomes of an upload session whose request broke. */
export interface Kind {
  /** Whether a session outlives the request that broke. */
  readonly keeps: boolean;
  start(): Promise<Registry>;
}

export const KEEPING: Kind = {
  keeps: true,
  start: async () => {
    const server = await startRegistryServer({ storage: createMemoryStorage() });
    return {
      port: Number(server.url.port),
      origin: server.url.origin,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
};

export const FORGETTING: Kind = { keeps: false, start: () => startDockerRegistry() };
