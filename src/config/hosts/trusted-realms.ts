import { join } from 'node:path';
import type { LockOptions } from '../../util/file-lock.ts';
import {
  configInvalid,
  emptyObject,
  isJsonObject,
  parseJsonFile,
  type JsonObject,
} from '../files/json.ts';
import { updatePrivateFile } from '../files/private.ts';
import { readTextFile } from '../files/text.ts';
import { configHome } from '../files/user-folders.ts';

/** Registry (logical, "ghcr.io") → hosts of realms that may receive its credentials. */
export type TrustedRealms = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * `$XDG_CONFIG_HOME/regctl/known-realms.json`, by default in `~/.config`; undefined if there is no
 * home directory.
 */
export function trustedRealmsPath(
  env: Readonly<Record<string, string | undefined>>,
  home: string | undefined,
): string | undefined {
  const config = configHome(env, home);
  return config === undefined ? undefined : join(config, 'regctl', 'known-realms.json');
}

/** Empty when there is no file. @throws AppError CONFIG_INVALID naming the file, IO */
export async function loadTrustedRealms(path: string): Promise<TrustedRealms> {
  const file = await readTextFile(path);
  const realms = realmsOf(parseJsonFile(file?.text ?? '', path), path);
  return new Map(
    Object.entries(realms).map(([registry, hosts]) => [
      registry,
      new Set(hostList(hosts, registry, path)),
    ]),
  );
}

/**
 * Allows `realmHost` to receive the credentials of `registry`, in this and later runs.
 * @throws AppError CONFIG_INVALID if the file is corrupt (it stays unchanged), IO, NO_SPACE
 */
export async function trustRealm(
  path: string,
  registry: string,
  realmHost: string,
  options: LockOptions = {},
): Promise<void> {
  const add = (text: string | undefined): string | undefined => {
    const document = parseJsonFile(text ?? '', path);
    const realms = realmsOf(document, path);
    const hosts = Object.hasOwn(realms, registry) ? hostList(realms[registry], registry, path) : [];
    if (hosts.includes(realmHost)) return undefined;
    realms[registry] = [...hosts, realmHost];
    document['realms'] = realms;
    return `${JSON.stringify(document, null, 2)}\n`;
  };
  await updatePrivateFile(path, add, options);
}

function realmsOf(document: JsonObject, path: string): JsonObject {
  const realms = Object.hasOwn(document, 'realms') ? document['realms'] : emptyObject();
  if (!isJsonObject(realms)) throw configInvalid(path, '"realms" must be an object');
  return realms;
}

function hostList(value: unknown, registry: string, path: string): readonly string[] {
  if (Array.isArray(value) && value.every((host) => typeof host === 'string')) return value;
  throw configInvalid(path, `realms[${JSON.stringify(registry)}] must be a list of host names`);
}
