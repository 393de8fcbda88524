import { AppError } from '../errors/app-error.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { OpenReadOptions, OpenWriteOptions, ReadStore, WriteStore } from '../store/types.ts';
import { locate, transportOf } from '../transports/locate.ts';
import type { EngineContext, Location, OpenContext } from '../transports/types.ts';
import type { Temporaries } from '../util/temporaries.ts';
import type { Connections } from './connections.ts';
import type { ConnectionOptions } from './types.ts';

export interface StoresOptions extends Pick<OpenContext, 'stdin' | 'stdout' | 'tempDir'> {
  readonly connections: Connections;
  readonly temporaries: (location?: Pick<Location, 'scheme'>) => Promise<Temporaries>;
  /** How to find container engines; a side adds its own options. Absent: none are used. */
  readonly engines?: Omit<EngineContext, keyof EngineOptions> | undefined;
}

type EngineOptions = Pick<EngineContext, 'daemonHost' | 'certDir' | 'tlsVerify'>;

/** Opens stores for image names of any transport. */
export interface Stores {
  /**
   * Parses an image name, also a short name from registries.conf.
   * @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT
   */
  readonly locate: (image: string) => Location;
  /**
   * Facts for an error: how names were completed, if it shows neither the written nor the full
   * form.
   */
  readonly namesMeant: (error: AppError) => readonly string[];
  openRead(
    location: Location,
    side: ConnectionOptions,
    options?: OpenReadOptions,
  ): Promise<ReadStore>;
  /** @throws AppError UNSUPPORTED for a transport that is read-only */
  openWrite(
    location: Location,
    side: ConnectionOptions,
    options?: OpenWriteOptions,
  ): Promise<WriteStore>;
}

export function createStores({
  connections,
  temporaries,
  engines,
  ...stdio
}: StoresOptions): Stores {
  const contextOf = async (location: Location, side: ConnectionOptions): Promise<OpenContext> => ({
    registry: location.scheme === 'docker' ? (await connections.side(side)).registry : NONE,
    temporaries: await temporaries(location),
    ...(engines === undefined ? {} : { engines: { ...engines, ...engineOptions(side) } }),
    sharedBlobs: side.sharedBlobDir,
    ...stdio,
  });
  const meant = new Map<string, Location>();
  const find = (image: string): Location => {
    const location = locate(image);
    if (location.scheme !== 'docker' || image.startsWith('docker://')) return location;
    const full = connections.registries().expand(image);
    return full === image ? location : locate(full);
  };
  return {
    locate(image) {
      const location = find(image);
      if (location.scheme === 'docker') meant.set(image.replace('docker://', ''), location);
      return location;
    },
    namesMeant(error) {
      const said = [error.message, ...error.why].join('\n');
      return [...meant].flatMap(([image, { name, text }]) => {
        const [registry = ''] = name.split('/');
        const isUnclear =
          !text.startsWith(image) && said.includes(registry) && !said.includes(name);
        return isUnclear ? [`"${image}" means ${text}`] : [];
      });
    },
    async openRead(location, side, call) {
      const transport = transportOf(location);
      return transport.openRead(location, await contextOf(location, side), call);
    },
    async openWrite(location, side, call) {
      const transport = transportOf(location);
      if (transport.openWrite === undefined) {
        throw new AppError(
          'UNSUPPORTED',
          `cannot write ${location.text}: "${location.scheme}:" is read-only`,
        );
      }
      return transport.openWrite(location, await contextOf(location, side), call);
    },
  };
}

const engineOptions = ({ daemonHost, certDir, tlsVerify }: ConnectionOptions): EngineOptions => ({
  daemonHost,
  certDir,
  tlsVerify,
});

const none = (): never => {
  throw new Error('only a location of a registry has one');
};

/**
 * A directory must not fail because of a missing configuration, so it is opened without a registry.
 */
const NONE: RegistryClient = { repository: none, catalog: none, ping: none };
