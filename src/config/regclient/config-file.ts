import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import {
  emptyObject,
  isJsonObject,
  parseJsonFile,
  type JsonObject,
  type JsonValue,
} from '../files/json.ts';
import { updatePrivateFile } from '../files/private.ts';
import { readTextFile, warnIfReadableByOthers } from '../files/text.ts';
import type { LockOptions } from '../../util/file-lock.ts';

/** One registry's entry in regclient's file; members that regctl does not use are kept. */
export interface RegclientHost {
  readonly tls?: 'enabled' | 'insecure' | 'disabled' | undefined;
  /** The host that is dialed instead, if it differs. */
  readonly hostname?: string | undefined;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  /** An identity token. */
  readonly token?: string | undefined;
  /** The whole entry. */
  readonly json: JsonObject;
}

export interface RegclientConfig {
  readonly path: string;
  /** By the registry's name: "docker.io", "localhost:5000". */
  readonly hosts: ReadonlyMap<string, RegclientHost>;
}

export interface RegclientPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
}

/** REGCTL_CONFIG, else `~/.regctl/config.json`; undefined if there is no home directory. */
export function regclientConfigPath({ env, home }: RegclientPlace): string | undefined {
  const named = env['REGCTL_CONFIG'];
  if (named !== undefined && named !== '') return named;
  return home === undefined ? undefined : join(home, '.regctl', 'config.json');
}

/**
 * Reads regclient's file; undefined if there is none. An unreadable file only causes a warning, as
 * in regclient: its settings are optional.
 */
export async function readRegclientConfig(
  place: RegclientPlace,
  warn: (text: string) => void,
): Promise<RegclientConfig | undefined> {
  const path = regclientConfigPath(place);
  if (path === undefined) return undefined;
  try {
    const file = await readTextFile(path);
    if (file === undefined) return undefined;
    const hosts = hostsOf(parseJsonFile(file.text, path));
    const holdsSecrets = [...hosts.values()].some(
      ({ pass, token }) => (pass ?? token) !== undefined,
    );
    if (holdsSecrets) warnIfReadableByOthers(path, file.mode, warn);
    return { path, hosts };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    warn(`ignoring regclient's configuration: ${error.message}`);
    return undefined;
  }
}

/**
 * Sets members of one registry's entry and keeps the other members.
 * @throws AppError CONFIG_INVALID, IO, NO_SPACE
 */
export async function setRegclientHost(
  path: string,
  host: string,
  members: Readonly<Record<string, JsonValue>>,
  options: LockOptions = {},
): Promise<void> {
  const change = (text: string | undefined): string => {
    const document = parseJsonFile(text ?? '', path);
    const hosts = isJsonObject(document['hosts']) ? document['hosts'] : emptyObject();
    const old = hosts[host];
    hosts[host] = { ...(isJsonObject(old) ? old : { hostname: host }), ...members };
    document['hosts'] = hosts;
    return `${JSON.stringify(document, undefined, 2)}\n`;
  };
  await updatePrivateFile(path, change, options);
}

function hostsOf(document: JsonObject): ReadonlyMap<string, RegclientHost> {
  const { hosts } = document;
  if (!isJsonObject(hosts)) return new Map();
  return new Map(
    Object.entries(hosts).flatMap(([name, json]) =>
      isJsonObject(json) ? [[name, hostOf(json)] as const] : [],
    ),
  );
}

function hostOf(json: JsonObject): RegclientHost {
  const text = (name: string): string | undefined => {
    const value = json[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const tls = text('tls');
  return {
    tls: tls === 'enabled' || tls === 'insecure' || tls === 'disabled' ? tls : undefined,
    hostname: text('hostname'),
    user: text('user'),
    pass: text('pass'),
    token: text('token'),
    json,
  };
}
