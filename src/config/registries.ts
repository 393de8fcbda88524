import { DOCKER_HUB } from '../reference/docker-hub.ts';
import type { Reference } from '../reference/types.ts';
import { loadDaemonConfig, type DaemonConfig } from './daemon-config.ts';
import { parseRegistriesConf } from './registries-conf.ts';
import {
  readRegistriesFiles,
  type RegistriesFile,
  type RegistriesPlace,
} from './registries-files.ts';
import { isInsecure, routeOf } from './registries-match.ts';
import type { Laxness, RegistriesDocument, RegistryEntry, Route } from './registries-types.ts';
import { expandShortName, isShortName } from './short-names.ts';

export interface RegistriesOptions extends RegistriesPlace {
  /** `--daemon-config`. Docker's file is read only when it is named. */
  readonly daemonConfig?: string | undefined;
  readonly warn: (text: string) => void;
}

/** What the machine's files say about names, blocks, mirrors and TLS of registries. */
export interface Registries {
  /** The files that were read, in order; empty: none exists. */
  readonly files: readonly string[];
  /**
   * Where the repository of a logical name is read and written; without a repository the registry
   * as a whole. `suffix`: ":tag", "@digest" or both. @throws AppError REGISTRY_BLOCKED, UNSUPPORTED
   */
  route(name: Omit<Reference, 'tag' | 'digest'>, suffix?: string): Route;
  /** A bare name in full, where the files ask for it. @throws AppError INVALID_REFERENCE */
  expand(text: string): string;
  /** What the files say about TLS of a host, as it is dialled. */
  lax(host: string): Laxness | undefined;
  /** The same by address ("10.1.2.3"), where Docker's file names networks. */
  readonly isInsecureAddress: ((address: string) => boolean) | undefined;
  /** `credential-helpers` of registries.conf. */
  readonly credentialHelpers: readonly string[] | undefined;
}

/**
 * Reads the files at once, so that a command without any of them pays for looking alone.
 * @throws AppError CONFIG_INVALID, IO
 */
export async function loadRegistries(options: RegistriesOptions): Promise<Registries> {
  const [files, daemon] = await Promise.all([
    readRegistriesFiles(options),
    options.daemonConfig === undefined
      ? undefined
      : loadDaemonConfig(options.daemonConfig, options.warn),
  ]);
  const documents = await parseNeeded(files);
  const paths = [
    ...files.map((file) => file.path),
    ...(options.daemonConfig === undefined ? [] : [options.daemonConfig]),
  ];
  return combine(documents, daemon, paths);
}

/** Later files win: entries by prefix, lists as a whole, aliases one by one. */
export function combine(
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
    route({ registry, repository }, suffix = '') {
      const name = repository === '' ? registry : `${registry}/${repository}`;
      return withHubMirrors(routeOf(entries, name, suffix), registry, repository, daemon);
    },
    expand: (text) =>
      searchRegistries.length > 0 && isShortName(text) ? expandShortName(text, shortNames) : text,
    lax: (host) => laxness(host, entries, daemon),
    isInsecureAddress: daemon?.hasNetworks === true ? daemon.isInsecureAddress : undefined,
    credentialHelpers: documents.findLast((one) => one.credentialHelpers !== undefined)
      ?.credentialHelpers,
  };
}

/** Docker's mirrors come behind those of registries.conf, and for Docker Hub itself alone. */
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

function laxness(
  host: string,
  entries: readonly RegistryEntry[],
  daemon: DaemonConfig | undefined,
): Laxness | undefined {
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

/**
 * The distributions' list of aliases is long and every command would parse it; it is of use only
 * beside a file that names search registries.
 */
async function parseNeeded(
  files: readonly RegistriesFile[],
): Promise<readonly RegistriesDocument[]> {
  const speaking = files.filter((file) => linesOf(file).length > 0);
  const searches = speaking.some(({ text }) => text.includes('unqualified-search-registries'));
  const needed = searches ? speaking : speaking.filter((file) => !hasAliasesAlone(file));
  return Promise.all(needed.map(parseRegistriesConf));
}

/** Lines that are neither empty nor a comment. */
function linesOf({ text }: RegistriesFile): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function hasAliasesAlone(file: RegistriesFile): boolean {
  const lines = linesOf(file);
  const tables = lines.filter((line) => line.startsWith('['));
  return tables.length === 1 && lines[0]?.startsWith('[aliases]') === true;
}
