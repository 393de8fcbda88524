import type { RepositoryLocation, Route } from '../../config/containers/types.ts';
import { createMirrorHealth, type MirrorEvents } from './health.ts';
import { createMirroredRepository, type MirrorRepository } from './repository.ts';
import type { RegistryClient, Repository } from '../types.ts';

export interface RoutedClientOptions extends MirrorEvents {
  /** Reaches the places that were named, with the flags that were given for them. */
  readonly origin: RegistryClient;
  /** Reaches mirrors: no flag of the command is meant for them. */
  readonly mirror: RegistryClient;
  /** @throws AppError REGISTRY_BLOCKED, UNSUPPORTED */
  readonly route: (name: RepositoryLocation, suffix?: string) => Route;
}

/**
 * A client for logical names: reads are tried at the mirrors in order and at the primary last,
 * everything else goes to the primary. Where nothing is configured it is the plain client.
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
      // A login belongs to the host it was typed for; only a block is heeded.
      route({ registry, repository: '' });
      return origin.ping(registry, callOptions);
    },
  };
}

/** Under its logical name; names to mount from are logical too. */
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
