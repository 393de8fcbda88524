import { sanitize } from '../errors/sanitize.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { OpenReadOptions, ReadStore } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { startUiServer, type UiServer, type UiServerOptions } from './server.ts';
import type { UiSources } from './types.ts';

/** What the pages use of the command line: its registries, logins and messages. */
export interface UiClient {
  locate(image: string): Location;
  openRead(location: Location, side: 'single', options?: OpenReadOptions): Promise<ReadStore>;
  registry(side: 'single'): Promise<Pick<RegistryClient, 'catalog'>>;
  readonly logins: { list(options?: CallOptions): Promise<readonly string[]> };
  requestCount(): number;
  now(): Date;
  note(text: string): void;
  warn(text: string): void;
}

export type StartOptions = Pick<
  UiServerOptions,
  'port' | 'hostPlatform' | 'concurrency' | 'allowDelete' | 'start'
> &
  Pick<UiSources, 'verify'>;

/** Starts the pages and reports where they are. @throws AppError IO if the port is taken */
export async function startUi(
  client: UiClient,
  { verify, ...options }: StartOptions,
): Promise<UiServer> {
  const server = await startUiServer({
    ...options,
    sources: { ...uiSources(client), verify },
    now: () => client.now(),
    onBug: (error) => client.warn(`a page failed: ${sanitize(stackOf(error))}`),
    onAddress: (address) => client.note(`a browser without a login asked; open ${address}`),
  });
  client.note(`serving pages at ${server.origin} until interrupted`);
  client.note(`open ${server.firstAddress}`);
  return server;
}

/** The client of the command line as the pages need it. */
export function uiSources(client: UiClient): UiSources {
  return {
    locate: (image) => client.locate(image),
    openRead: (location, call) => client.openRead(location, 'single', call),
    async *catalog(registry, call) {
      yield* (await client.registry('single')).catalog(registry, call);
    },
    logins: (call) => client.logins.list(call),
    requestCount: () => client.requestCount(),
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
