import { AppError } from '../../errors/app-error.ts';
import { parseReference } from '../../reference/parse.ts';
import type {
  OpenReadOptions,
  OpenWriteOptions,
  ReadStore,
  WriteStore,
} from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { RegistryClient } from '../../registry/types.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import { openConnections, type Connections } from '../connections.ts';
import { createStores } from '../stores.ts';
import { lazyTemporaries } from '../temporaries.ts';
import type { ConnectionOptions } from '../types.ts';
import { machineOf, settingsOf, tempDirOf } from './this-machine.ts';
import type { ClientLogin, ClientOptions } from './types.ts';

/** What the calls of a client share, opened at the first of them. */
export interface Opened {
  readonly connections: Connections;
  /** @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT; UNSUPPORTED by `transports` */
  readonly locate: (image: string) => Location;
  readonly openRead: (
    location: Location,
    options?: OpenReadOptions,
    host?: ConnectionOptions,
  ) => Promise<ReadStore>;
  readonly openWrite: (
    location: Location,
    options?: OpenWriteOptions,
    host?: ConnectionOptions,
  ) => Promise<WriteStore>;
  readonly registry: (host: string, connection?: ConnectionOptions) => Promise<RegistryClient>;
  readonly temporaries: () => Promise<Temporaries>;
}

export async function openClient(options: ClientOptions): Promise<Opened> {
  const { onWarning = ignore, onNote = ignore, onRetry = ignore, trace, allowHost } = options;
  const machine = machineOf(options);
  const settings = settingsOf(options);
  const common = { machine, settings, warn: onWarning, note: onNote, onRetry, trace, allowHost };
  const connections = await openConnections(common);
  const temporaries = lazyTemporaries(machine);
  const stores = createStores({
    connections,
    temporaries,
    engines: { ...machine, configDir: settings.config, note: onNote },
    stdin: noPipe,
    stdout: noPipe,
    tempDir: tempDirOf(options),
  });
  const side = ({ scheme, name }: Location): ConnectionOptions =>
    connectionOf(options, scheme === 'docker' ? parseReference(name).registry : undefined);
  return {
    connections,
    temporaries: () => temporaries(),
    registry: async (host, own) =>
      (await connections.side({ ...connectionOf(options, host), ...own })).registry,
    locate(image) {
      const location = stores.locate(image);
      if (options.transports?.includes(location.scheme) !== false) return location;
      throw new AppError('UNSUPPORTED', `"${location.scheme}:" may not be used here`);
    },
    openRead: (location, call, own) =>
      stores.openRead(location, { ...side(location), ...own }, call),
    openWrite: (location, call, own) =>
      stores.openWrite(location, { ...side(location), ...own }, call),
  };
}

function connectionOf(
  { connection, logins }: ClientOptions,
  registry: string | undefined,
): ConnectionOptions {
  const login = registry === undefined ? undefined : logins?.[registry];
  return { ...connection, ...(login === undefined ? {} : loginOptions(login)) };
}

function loginOptions(login: ClientLogin): ConnectionOptions {
  if ('token' in login) return { registryToken: login.token };
  return { username: login.username, password: login.password };
}

function ignore(): void {
  // Nothing is reported unless the caller asks.
}

function noPipe(): never {
  throw new AppError('UNSUPPORTED', 'an archive named "-" needs the command line');
}
