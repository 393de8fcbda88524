import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { loadDaemonConfig, type DaemonConfig } from '../docker/daemon-json.ts';
import { parseRegistriesConf } from './registries-conf.ts';
import type { RegistriesFile } from './registries-files.ts';
import { isInsecure, resolveRoute } from './match.ts';
import type {
  InsecureMode,
  RegistriesDocument,
  RegistryEntry,
  Route,
  Registries,
  RegistriesOptions,
} from './types.ts';
import { expandShortName, isShortName } from './short-names.ts';

/** `parsed`: the files of registries.conf to parse. @throws AppError CONFIG_INVALID, IO */
export async function mergeRegistries(
  options: Pick<RegistriesOptions, 'daemonConfig' | 'warn'> & {
    readonly parsed: readonly RegistriesFile[];
    readonly files: readonly string[];
  },
): Promise<Registries> {
  const { daemonConfig, warn } = options;
  const [documents, daemon] = await Promise.all([
    Promise.all(options.parsed.map(parseRegistriesConf)),
    daemonConfig === undefined ? undefined : loadDaemonConfig(daemonConfig, warn),
  ]);
  return mergeDocuments(documents, daemon, options.files);
}

/** Later files win: entries by prefix, lists as a whole, aliases one by one. */
function mergeDocuments(
  documents: readonly RegistriesDocument[],
  daemon: DaemonConfig | undefined,
  files: readonly string[],
): Registries {
  const entries = mergeEntries(documents);
  const search = documents.findLast((one) => one.searchRegistries !== undefined);
  const searchRegistries = search?.searchRegistries ?? [];
  const aliases = new Map(documents.flatMap((one) => [...one.aliases]));
  const shortNames = { searchRegistries, aliases, file: search?.file ?? '' };
  return {
    files,
    hasNoSettings: false,
    route({ registry, repository }, suffix = '') {
      const name = repository === '' ? registry : `${registry}/${repository}`;
      return withHubMirrors(resolveRoute(entries, name, suffix), registry, repository, daemon);
    },
    expand: (text) =>
      searchRegistries.length > 0 && isShortName(text) ? expandShortName(text, shortNames) : text,
    insecureMode: (host) => insecureModeOf(host, entries, daemon),
    isInsecureAddress: daemon?.hasNetworks === true ? daemon.isInsecureAddress : undefined,
    credentialHelpers: documents.findLast((one) => one.credentialHelpers !== undefined)
      ?.credentialHelpers,
  };
}

/** Docker's mirrors come after those of registries.conf, and only for Docker Hub itself. */
function withHubMirrors(
  route: Route,
  registry: string,
  repository: string,
  daemon: DaemonConfig | undefined,
): Route {
  if (registry !== DOCKER_HUB || daemon === undefined) return route;
  const mirrors = daemon.mirrors.map(({ host }) => ({
    registry: host,
    repository,
    use: 'all' as const,
  }));
  return { ...route, mirrors: [...route.mirrors, ...mirrors] };
}

function insecureModeOf(
  host: string,
  entries: readonly RegistryEntry[],
  daemon: DaemonConfig | undefined,
): InsecureMode | undefined {
  const isOn = (one: string): boolean => one === host || one === `${host}:80`;
  if (daemon?.mirrors.some((mirror) => mirror.plain && isOn(mirror.host)) === true) return 'plain';
  if (isInsecure(entries, host) || daemon?.insecureHosts.has(host) === true) return 'insecure';
  return undefined;
}

function mergeEntries(documents: readonly RegistriesDocument[]): readonly RegistryEntry[] {
  const merged = new Map<string, RegistryEntry>();
  for (const { registries } of documents) {
    // Within one file the first of equal prefixes counts.
    for (const entry of registries.toReversed()) merged.set(entry.prefix, entry);
  }
  return [...merged.values()];
}
