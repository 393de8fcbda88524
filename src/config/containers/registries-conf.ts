import { isRecord } from '../../util/json.ts';
import { AppError } from '../../errors/app-error.ts';
import { canonicalHost } from '../../reference/host.ts';
import { isRegistryHost } from '../../reference/names.ts';
import { configInvalid } from '../files/json.ts';
import type { RegistriesFile } from './registries-files.ts';
import type { MirrorEntry, MirrorUse, RegistriesDocument, RegistryEntry } from './types.ts';

const USES: readonly MirrorUse[] = ['all', 'digest-only', 'tag-only'];

type Table = Readonly<Record<string, unknown>>;

/**
 * Parses one file of containers-registries.conf(5), version 2 or the older version 1; unknown keys
 * are ignored.
 * @throws AppError CONFIG_INVALID with the line of an error or the key with a wrong value
 */
export async function parseRegistriesConf(file: RegistriesFile): Promise<RegistriesDocument> {
  const { path } = file;
  const table = await parseToml(file);
  const old = version1Of(table, path);
  if (old !== undefined) return old;
  const registries = listOf(table, 'registry', path).map((one, i) =>
    registryEntry(one, `registry[${i}]`, path),
  );
  checkConflicts(registries, path);
  return {
    file: path,
    registries,
    searchRegistries: stringsAt(table, 'unqualified-search-registries', path),
    credentialHelpers: stringsAt(table, 'credential-helpers', path),
    aliases: aliasesOf(table, path),
  };
}

async function parseToml({ path, text }: RegistriesFile): Promise<Table> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ''] = error.message.replace(/^Invalid TOML document: /u, '').split('\n');
    throw new AppError('CONFIG_INVALID', `${path}:${error.line}:${error.column}: ${first}`, {
      hint: `Correct line ${error.line} of ${path}.`,
    });
  }
}

/** Entries with the same prefix must agree in `blocked` and `insecure`. */
function checkConflicts(registries: readonly RegistryEntry[], path: string): void {
  const first = new Map<string, RegistryEntry>();
  for (const entry of registries) {
    const { prefix, blocked, insecure } = entry;
    const other = first.get(prefix) ?? entry;
    first.set(prefix, other);
    if (other.blocked === blocked && other.insecure === insecure) continue;
    const key = other.blocked === blocked ? 'insecure' : 'blocked';
    throw configInvalid(path, `the prefix "${prefix}" stands there twice, with another "${key}"`);
  }
}

/**
 * Version 1: the lists `[registries.search]`, `[registries.insecure]` and `[registries.block]`.
 * `undefined` if they have no entries. @throws AppError CONFIG_INVALID if version 2 is used too
 */
function version1Of(table: Table, path: string): RegistriesDocument | undefined {
  const old = own(table, 'registries');
  if (old === undefined) return undefined;
  if (!isRecord(old)) throw configInvalid(path, 'registries must be a table');
  const hosts = (name: string): readonly string[] => {
    const list = own(old, name) ?? {};
    if (!isRecord(list)) throw configInvalid(path, `registries.${name} must be a table`);
    return stringsAt(list, 'registries', path) ?? [];
  };
  const locations = (name: string): readonly string[] =>
    hosts(name).map((text) => locationText(text, `registries.${name}`, path));
  const [search, insecure, blocked] = [hosts('search'), locations('insecure'), locations('block')];
  if (search.length + insecure.length + blocked.length === 0) return undefined;
  const newer = ['registry', 'unqualified-search-registries'].find(
    (key) => own(table, key) !== undefined,
  );
  if (newer !== undefined) {
    throw configInvalid(path, `[registries.…] of version 1 stands next to "${newer}" of version 2`);
  }
  return {
    file: path,
    registries: [...new Set([...insecure, ...blocked])].map((location) => ({
      prefix: location,
      location,
      insecure: insecure.includes(location),
      blocked: blocked.includes(location),
      mirrors: [],
      file: path,
    })),
    searchRegistries: search,
    credentialHelpers: undefined,
    aliases: new Map(),
  };
}

function registryEntry(table: Table, where: string, path: string): RegistryEntry {
  const location = locationAt(table, where, path);
  const written = stringAt(table, 'prefix', where, path) ?? '';
  const prefix = written === '' ? (location ?? '') : prefixOf(written, where, path);
  if (prefix === '') throw configInvalid(path, `${where} has neither a prefix nor a location`);
  const digestOnly = boolAt(table, 'mirror-by-digest-only', where, path);
  return {
    prefix,
    location,
    insecure: boolAt(table, 'insecure', where, path),
    blocked: boolAt(table, 'blocked', where, path),
    mirrors: listOf(table, 'mirror', path).map((one, i) =>
      mirrorEntry(one, `${where}.mirror[${i}]`, digestOnly, path),
    ),
    file: path,
  };
}

function mirrorEntry(table: Table, where: string, digestOnly: boolean, path: string): MirrorEntry {
  const location = locationAt(table, where, path);
  if (location === undefined) throw configInvalid(path, `${where} has no location`);
  const use = useAt(table, where, path);
  if (digestOnly && use !== undefined && use !== 'digest-only') {
    throw configInvalid(path, `${where}: pull-from-mirror contradicts mirror-by-digest-only`);
  }
  return {
    location,
    insecure: boolAt(table, 'insecure', where, path),
    use: use ?? (digestOnly ? 'digest-only' : 'all'),
  };
}

/** "host[:port][/path]"; an empty one counts as absent. */
function locationAt(table: Table, where: string, path: string): string | undefined {
  const text = stringAt(table, 'location', where, path);
  if (text === undefined || text === '') return undefined;
  return locationText(text, `${where}.location`, path);
}

function prefixOf(text: string, where: string, path: string): string {
  if (!text.startsWith('*.')) return locationText(text, `${where}.prefix`, path);
  const domain = text.slice(2).toLowerCase();
  if (domain.includes('/') || !isRegistryHost(domain)) {
    throw configInvalid(path, `${where}.prefix: "*." takes only a host after it`);
  }
  return `*.${domain}`;
}

function locationText(text: string, where: string, path: string): string {
  if (/^[a-z][a-z+.-]*:\/\//iu.test(text)) {
    throw configInvalid(path, `${where} has a scheme; write only HOST[:PORT][/PATH]`);
  }
  const [host = '', ...rest] = text.replace(/\/+$/u, '').split('/');
  if (!isRegistryHost(host)) {
    throw configInvalid(path, `${where} does not begin with a host: ${JSON.stringify(text)}`);
  }
  return [canonicalHost(host), ...rest].join('/');
}

function aliasesOf(table: Table, path: string): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  const value = own(table, 'aliases');
  if (value === undefined) return aliases;
  if (!isRecord(value)) throw configInvalid(path, 'aliases must be a table');
  for (const name of Object.keys(value)) {
    const target = stringAt(value, name, 'aliases', path) ?? '';
    if (/@|:[^/]*$/u.test(target)) {
      throw configInvalid(path, `aliases.${name}: an alias has no tag and no digest`);
    }
    aliases.set(name, target);
  }
  return aliases;
}

function own(table: Table, key: string): unknown {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function listOf(table: Table, key: string, path: string): readonly Table[] {
  const value = own(table, key) ?? [];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw configInvalid(path, `${key} must be a list of tables, written [[${key}]]`);
}

function stringAt(table: Table, key: string, where: string, path: string): string | undefined {
  const value = own(table, key);
  if (value === undefined || typeof value === 'string') return value;
  throw configInvalid(path, `${where}.${key} must be text in quotes`);
}

function stringsAt(table: Table, key: string, path: string): readonly string[] | undefined {
  const value = own(table, key);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw configInvalid(path, `${key} must be a list of texts in quotes`);
}

function boolAt(table: Table, key: string, where: string, path: string): boolean {
  const value = own(table, key) ?? false;
  if (typeof value === 'boolean') return value;
  throw configInvalid(path, `${where}.${key} must be true or false`);
}

function useAt(table: Table, where: string, path: string): MirrorUse | undefined {
  const text = stringAt(table, 'pull-from-mirror', where, path) ?? '';
  if (text === '') return undefined;
  const found = USES.find((one) => one === text);
  if (found !== undefined) return found;
  throw configInvalid(path, `${where}.pull-from-mirror is one of ${USES.join(', ')}`);
}
