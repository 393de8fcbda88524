import { AppError } from '../../errors/app-error.ts';
import { parseReference } from '../../reference/parse.ts';
import { parseRegistry } from '../../reference/names.ts';
import { tagListerOf } from '../../tags/find.ts';
import type { SourceName } from '../../sync/naming.ts';
import type { SyncPlaces } from '../../sync/places.ts';
import type { HostSettings } from '../../sync/types.ts';
import type { Location } from '../../transports/types.ts';
import type { RegistryClient } from '../../registry/types.ts';
import type {
  OpenReadOptions,
  OpenWriteOptions,
  ReadStore,
  WriteStore,
} from '../../store/types.ts';
import type { HostSide, Side } from '../types.ts';

/** How places are opened, with the settings of a side or of a registry of it. */
export interface PlacesContext {
  locate(image: string): Location;
  openRead(
    location: Location,
    side: Side | HostSide,
    options?: OpenReadOptions,
  ): Promise<ReadStore>;
  openWrite(
    location: Location,
    side: Side | HostSide,
    options?: OpenWriteOptions,
  ): Promise<WriteStore>;
  registry(side: Side | HostSide, host: string): Promise<RegistryClient>;
}

/** Opens stores with a sync file's settings of hosts, which override those of the side. */
export function createPlaces(
  context: PlacesContext,
  hosts: ReadonlyMap<string, HostSettings>,
): SyncPlaces {
  const byHost = new Map([...hosts].map(([host, settings]) => [logicalHost(host), settings]));
  const sideOf = (side: Side, host: string | undefined): Side | HostSide => {
    const settings = host === undefined ? undefined : byHost.get(host);
    return settings === undefined ? side : { side, host: connectionOf(settings) };
  };
  /** Applies the `hostname` and `pathPrefix` settings of a name's host. */
  const physical = (
    location: Location,
  ): { readonly at: Location; readonly host: string | undefined } => {
    const name = nameOf(location);
    if (name === undefined) return { at: location, host: undefined };
    const { hostname, pathPrefix = '' } = byHost.get(name.host) ?? {};
    if (hostname === undefined && pathPrefix === '') return { at: location, host: name.host };
    const prefix = pathPrefix === '' ? '' : `${pathPrefix.replace(/^\/+|\/+$/gu, '')}/`;
    return {
      at: { ...location, name: `${hostname ?? name.host}/${prefix}${name.path}` },
      host: name.host,
    };
  };
  return {
    locate: (text) => context.locate(text.replace(/^ocidir:\/\//u, 'oci:')),
    registryOf(text) {
      const [host = '', ...path] = text.replace(/^docker:\/\//u, '').split('/');
      const prefix = path.join('/').replace(/\/+$/u, '');
      return { host: parseRegistry(host), prefix: prefix === '' ? '' : `${prefix}/` };
    },
    nameOf,
    isDirectories: (target) => target.startsWith('dir:'),
    async *catalog(host, options) {
      const { hostname = host } = byHost.get(host) ?? {};
      const registry = await context.registry(sideOf('src', host), host);
      yield* registry.catalog(hostname, options);
    },
    async openRead(source, options) {
      const { at, host } = physical(source);
      const own = await context.openRead(at, sideOf('src', host), options);
      const { mirrors = [] } = (host === undefined ? undefined : byHost.get(host)) ?? {};
      const path = nameOf(source)?.path ?? '';
      const others = await Promise.all(
        mirrors.map((mirror) => {
          const known = byHost.get(mirror);
          const name = `${known?.hostname ?? mirror}/${path}`;
          return context.openRead({ ...at, name }, sideOf('src', mirror), options);
        }),
      );
      return others.length === 0 ? own : firstOf([...others, own]);
    },
    openTarget(target, options) {
      const { at, host } = physical(target);
      return context.openRead({ ...at, ref: undefined }, sideOf('dest', host), options);
    },
    openWrite(target, options) {
      const { at, host } = physical(target);
      return context.openWrite(at, sideOf('dest', host), options);
    },
  };
}

/** Reads from the first store that answers. @throws the error of the last one if none does */
function firstOf(stores: readonly ReadStore[]): ReadStore {
  const last = stores.at(-1) as ReadStore;
  const any = async <T>(ask: (store: ReadStore) => Promise<T>): Promise<T> => {
    for (const store of stores.slice(0, -1)) {
      try {
        return await ask(store);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    }
    return ask(last);
  };
  return {
    label: last.label,
    capabilities: {
      ...last.capabilities,
      tags: {
        async *tags(options) {
          const pages = await any((store) => Array.fromAsync(tagListerOf(store).tags(options)));
          yield* pages;
        },
      },
    },
    resolve: (ref, options) => any((store) => store.resolve(ref, options)),
    has: (descriptor, options) => any((store) => store.has(descriptor, options)),
    fetch: (descriptor, options) => any((store) => store.fetch(descriptor, options)),
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]();
    },
  };
}

function nameOf({ scheme, name }: Location): SourceName | undefined {
  if (scheme !== 'docker') return undefined;
  const { registry, repository } = parseReference(name);
  return { host: registry, path: repository };
}

function logicalHost(host: string): string {
  try {
    return parseRegistry(host);
  } catch {
    return host;
  }
}

function connectionOf(settings: HostSettings): HostSide['host'] {
  const { username, password, token, tlsVerify, plainHttp, certDir, ca, clientCert, clientKey } =
    settings;
  const login = username !== undefined || token !== undefined;
  return {
    ...(login
      ? { creds: undefined, username, password, registryToken: token, noCreds: false }
      : {}),
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(plainHttp === undefined ? {} : { plainHttp }),
    ...(certDir === undefined ? {} : { certDir }),
    ...(ca === undefined ? {} : { ca }),
    ...(clientCert === undefined ? {} : { clientCert }),
    ...(clientKey === undefined ? {} : { clientKey }),
  };
}
