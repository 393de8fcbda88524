import type { RepositoryLocation, Route } from '../../config/containers/types.ts';
import { createMirrorHealth, type MirrorEvents } from './health.ts';
import { createMirroredRepository, type MirrorRepository } from './repository.ts';
import type { RegistryClient, Repository } from '../types.ts';

/** The registry, its mirrors, and the rules that choose between them. */
export interface RoutedClientOptions extends MirrorEvents {
  /** Reaches the registries that the command names, with its options. */
  readonly origin: RegistryClient;
  /** Reaches mirrors, to which no option of the command applies. */
  readonly mirror: RegistryClient;
  /** @throws AppError REGISTRY_BLOCKED, UNSUPPORTED */
  readonly route: (name: RepositoryLocation, suffix?: string) => Route;
}

/**
 * Creates a client for logical names: reads try the mirrors in order and the primary last,
 * everything else uses the primary. Without mirrors it behaves like the plain client.
 * @example
 * import { createRoutedClient, type Registries, type RegistryClient } from '@regctl/cli/registry';
 *
 * function withMirrors(client: RegistryClient, registries: Registries): RegistryClient {
 *   return createRoutedClient({
 *     origin: client,
 *     mirror: client,
 *     route: (name, suffix) => registries.route(name, suffix),
 *     warn: console.warn,
 *     note: console.log,
 *     trace: undefined,
 *   });
 * }
 */
export function createRoutedClient(options: RoutedClientOptions): RegistryClient {
  const { origin, route } = options;
  const health = createMirrorHealth(options);

  const open: RegistryClient['repository'] = (wanted) => {
    const { registry, repository: name, access, suffix, mountFrom } = wanted;
    const { primary, mirrors: places } = route({ registry, repository: name }, suffix);
    const moved = primary.registry !== registry || primary.repository !== name;
    const usable = access === 'pull' ? places : [];
    const physical = (from: string): string | undefined => {
      const other = route({ registry, repository: from }).primary;
      return other.registry === primary.registry ? other.repository : undefined;
    };
    const repository = origin.repository({
      registry: primary.registry,
      repository: primary.repository,
      access,
      mountFrom: mountFrom?.flatMap((from) => physical(from) ?? []),
    });
    if (!moved && usable.length === 0) return repository;
    if (moved) health.noteOnce(`${registry}/${name} is at ${labelOf(primary)}`);
    const logical = renamed(repository, registry, name, physical);
    if (usable.length === 0) return logical;
    const candidates = usable.map((mirror): MirrorRepository => ({
      label: labelOf(mirror),
      host: mirror.registry,
      use: mirror.use,
      repository: options.mirror.repository({
        registry: mirror.registry,
        repository: mirror.repository,
        access: 'pull',
      }),
    }));
    return createMirroredRepository(logical, labelOf(primary), candidates, health);
  };

  return {
    repository: open,
    catalog(registry, listOptions) {
      const { primary } = route({ registry, repository: '' });
      const pages = origin.catalog(primary.registry, listOptions);
      return primary.repository === '' ? pages : onlyBelow(`${primary.repository}/`, pages);
    },
    ping(registry, callOptions) {
      // A login belongs to the host that the user named; only a block applies.
      route({ registry, repository: '' });
      return origin.ping(registry, callOptions);
    },
  };
}

/** Renames a repository to its logical name; names to mount from are logical too. */
function renamed(
  repository: Repository,
  registry: string,
  name: string,
  physical: (from: string) => string | undefined,
): Repository {
  return {
    ...repository,
    registry,
    name,
    putBlob(source, options) {
      const mountFrom = options?.mountFrom?.flatMap((from) => physical(from) ?? []);
      return repository.putBlob(source, { ...options, mountFrom });
    },
  };
}

async function* onlyBelow(
  folder: string,
  pages: AsyncIterable<readonly string[]>,
): AsyncGenerator<readonly string[]> {
  for await (const page of pages) {
    const names = page.filter((name) => name.startsWith(folder));
    if (names.length > 0) yield names.map((name) => name.slice(folder.length));
  }
}

function labelOf({ registry, repository }: RepositoryLocation): string {
  return `${registry}/${repository}`;
}
