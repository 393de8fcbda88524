import { AppError } from '../../errors/app-error.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import type { RegistryEntry, RepositoryLocation, Route } from './types.ts';

/** Returns the entry with the longest matching prefix; the first of equal ones. */
export function longestMatch(
  entries: readonly RegistryEntry[],
  name: string,
): RegistryEntry | undefined {
  let best: RegistryEntry | undefined;
  let longest = -1;
  for (const entry of entries) {
    const length = matchedLength(entry.prefix, name);
    if (length <= longest) continue;
    best = entry;
    longest = length;
  }
  return best;
}

/**
 * Returns how many characters of `name` ("host[:port]/path[:tag][@digest]") a prefix matches, else
 * -1. A match ends at the end of a component. A port is part of the host: "example.com" does not match
 * "example.com:5000" (containers/image matches it and calls that unintended).
 */
export function matchedLength(prefix: string, name: string): number {
  const slash = name.indexOf('/');
  const host = slash < 0 ? name : name.slice(0, slash);
  if (prefix.startsWith('*.')) return host.endsWith(prefix.slice(1)) ? host.length : -1;
  if (!name.startsWith(prefix)) return -1;
  const next = name[prefix.length];
  if (next === undefined || next === '/') return prefix.length;
  const insidePath = prefix.length > host.length;
  return insidePath && (next === ':' || next === '@') ? prefix.length : -1;
}

/** Replaces the part of `name` that the prefix matches; without a location, returns `name`. */
export function rewrite(name: string, entry: RegistryEntry, location: string | undefined): string {
  if (location === undefined) return name;
  return `${location}${name.slice(matchedLength(entry.prefix, name))}`;
}

/** @throws AppError REGISTRY_BLOCKED naming the file and the prefix */
export function rejectBlocked(name: string, entry: RegistryEntry | undefined): void {
  if (entry?.blocked !== true) return;
  throw new AppError(
    'REGISTRY_BLOCKED',
    `${name} is blocked by ${entry.file} (prefix "${entry.prefix}")`,
    {
      hint: `Use another registry, or ask the administrator of ${entry.file} to remove "blocked = true".`,
      details: { file: entry.file, prefix: entry.prefix },
    },
  );
}

/**
 * Where `name` ("host/path") is read and written. `suffix`: ":tag", "@digest" or both, for prefixes
 * that name a single image.
 * @throws AppError REGISTRY_BLOCKED, UNSUPPORTED
 */
export function resolveRoute(
  entries: readonly RegistryEntry[],
  name: string,
  suffix: string,
): Route {
  const entry = longestMatch(entries, `${name}${suffix}`);
  rejectBlocked(name, entry);
  if (entry === undefined) return { primary: repositoryLocationOf(name), mirrors: [] };
  const rewritten = entry.location !== undefined && entry.location !== entry.prefix;
  if (matchedLength(entry.prefix, name) < 0) {
    if (!rewritten && entry.mirrors.length === 0)
      return { primary: repositoryLocationOf(name), mirrors: [] };
    throw new AppError(
      'UNSUPPORTED',
      `${entry.file}: the prefix "${entry.prefix}" moves one tag or digest to another place`,
      { hint: 'Leave the tag out of the prefix: regctl moves whole repositories.' },
    );
  }
  return {
    primary: repositoryLocationOf(rewrite(name, entry, entry.location)),
    mirrors: entry.mirrors.map(({ location, use }) => ({
      ...repositoryLocationOf(rewrite(name, entry, location)),
      use,
    })),
  };
}

function repositoryLocationOf(name: string): RepositoryLocation {
  const slash = name.indexOf('/');
  if (slash < 0) return { registry: name, repository: '' };
  return { registry: name.slice(0, slash), repository: name.slice(slash + 1) };
}

/**
 * Whether the files mark any location on `host` (as dialed) as insecure. TLS applies to a whole
 * host, so a setting for one namespace applies to its host.
 */
export function isInsecure(entries: readonly RegistryEntry[], host: string): boolean {
  return entries.some(
    (entry) =>
      (entry.insecure && isOn(host, entry.location ?? entry.prefix)) ||
      entry.mirrors.some((mirror) => mirror.insecure && isOn(host, mirror.location)),
  );
}

function isOn(host: string, location: string): boolean {
  const [name = ''] = location.split('/', 1);
  return name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === dialledHost(name);
}

/** The host as URLs write it: Docker Hub's API host, no default port. */
function dialledHost(name: string): string {
  return apiHost(name).replace(/:443$/u, '');
}
