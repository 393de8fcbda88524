import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import {
  configInvalid,
  isJsonObject,
  parseJsonFile,
  type JsonObject,
  type JsonValue,
} from '../files/json.ts';
import { readTextFile, warnIfReadableByOthers } from '../files/text.ts';

/** One registry's entry in `auths`; values as written, `auth` still in base64. */
export interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** Docker's config.json, or a file of the same form (docker/cli cli/config/configfile). */
export interface DockerConfig {
  /** Where it was read from, or is written to. */
  readonly path: string;
  /** In the file's order. */
  readonly auths: ReadonlyMap<string, AuthEntry>;
  /** Registry key → helper suffix; "" switches `credsStore` off for that key. */
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
  /** Without User-Agent, which Docker ignores here. No prototype. */
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** The whole document, unknown keys included, for writing it back. */
  readonly raw: JsonObject;
}

export interface DockerConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined: this user has no home directory. */
  readonly home: string | undefined;
  /** `--config`. */
  readonly configDir?: string | undefined;
}

/**
 * Returns the path of `config.json` in `--config DIR`, else in `$DOCKER_CONFIG`, else in
 * `~/.docker`; undefined if none is named and there is no home directory.
 */
export function dockerConfigPath(options: DockerConfigOptions): string | undefined {
  const named = options.configDir ?? options.env['DOCKER_CONFIG'] ?? '';
  if (named !== '') return join(named, 'config.json');
  return options.home === undefined ? undefined : join(options.home, '.docker', 'config.json');
}

export interface LoadDockerConfigOptions {
  readonly warn: (text: string) => void;
  /** A missing file is an error, because the user named it. Default false: it counts as empty. */
  readonly required?: boolean;
  /** The top level is the `auths` map, as in `.dockercfg`. Default false. */
  readonly bareAuths?: boolean;
  /** A file that this user cannot read counts as missing. Default false: it is an error. */
  readonly deniedIsMissing?: boolean | undefined;
}

export interface LoadedDockerConfig extends DockerConfig {
  /** The file does not exist. */
  readonly missing: boolean;
}

/** @throws AppError CONFIG_INVALID (malformed, or required and missing), IO (unreadable) */
export async function loadDockerConfig(
  path: string,
  options: LoadDockerConfigOptions,
): Promise<LoadedDockerConfig> {
  const file = await readTextFile(path, { deniedIsMissing: options.deniedIsMissing });
  if (file === undefined && options.required === true) {
    throw new AppError('CONFIG_INVALID', `${path} does not exist`, {
      hint: 'Correct --authfile or REGISTRY_AUTH_FILE, or create the file with "regctl login".',
    });
  }
  const parse = options.bareAuths === true ? parseBareAuths : parseDockerConfig;
  const config = parse(file?.text ?? '', path);
  if (file !== undefined && hasSecrets(config))
    warnIfReadableByOthers(path, file.mode, options.warn);
  return { ...config, missing: file === undefined };
}

/** The old `.dockercfg`. @throws AppError CONFIG_INVALID naming the key whose type is wrong */
export function parseBareAuths(text: string, path: string): DockerConfig {
  const raw = parseJsonFile(text, path);
  const auths = parseAuths(raw, path);
  const none = Object.create(null) as Record<string, string>;
  return { path, raw, auths, credHelpers: new Map(), credsStore: undefined, httpHeaders: none };
}

/** @throws AppError CONFIG_INVALID naming the key whose type is wrong */
export function parseDockerConfig(text: string, path: string): DockerConfig {
  const raw = parseJsonFile(text, path);
  return {
    path,
    raw,
    auths: parseAuths(getIgnoringCase(raw, 'auths'), path),
    credHelpers: new Map(
      Object.entries(stringsAt(getIgnoringCase(raw, 'credHelpers'), 'credHelpers', path)),
    ),
    credsStore: stringAt(getIgnoringCase(raw, 'credsStore'), 'credsStore', path),
    httpHeaders: parseHeaders(getIgnoringCase(raw, 'HttpHeaders'), path),
  };
}

/** The key as spelled in the file: Go's decoder, and therefore Docker, ignores case. */
export function keyIgnoringCase(object: JsonObject, name: string): string {
  if (Object.hasOwn(object, name)) return name;
  const folded = name.toLowerCase();
  return Object.keys(object).find((key) => key.toLowerCase() === folded) ?? name;
}

export function getIgnoringCase(object: JsonObject, name: string): JsonValue | undefined {
  const key = keyIgnoringCase(object, name);
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function parseAuths(value: JsonValue | undefined, path: string): ReadonlyMap<string, AuthEntry> {
  const entries = Object.entries(objectAt(value, 'auths', path)).map(([key, entry]) => {
    const where = `auths[${JSON.stringify(key)}]`;
    return [key, parseEntry(objectAt(entry, where, path), where, path)] as const;
  });
  return new Map(entries);
}

function parseEntry(entry: JsonObject, where: string, path: string): AuthEntry {
  const field = (name: string): string | undefined => {
    const text = stringAt(getIgnoringCase(entry, name), `${where}.${name}`, path);
    return text === '' ? undefined : text;
  };
  const [auth, username, password] = [field('auth'), field('username'), field('password')];
  const [identityToken, registryToken] = [field('identitytoken'), field('registrytoken')];
  return {
    ...(auth !== undefined && { auth }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(identityToken !== undefined && { identityToken }),
    ...(registryToken !== undefined && { registryToken }),
  };
}

function hasSecrets(config: DockerConfig): boolean {
  return [...config.auths.values()].some(
    (entry) =>
      (entry.auth ?? entry.password ?? entry.identityToken ?? entry.registryToken) !== undefined,
  );
}

function parseHeaders(
  value: JsonValue | undefined,
  path: string,
): Readonly<Record<string, string>> {
  const headers = stringsAt(value, 'HttpHeaders', path);
  for (const [name, text] of Object.entries(headers)) {
    // RFC 9110 5.1 and 5.5: a token, and no control characters but the tab.
    if (
      !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u.test(name) ||
      /[\u0000-\u0008\u000a-\u001f\u007f]/u.test(text)
    ) {
      throw configInvalid(path, `HttpHeaders[${JSON.stringify(name)}] is not a valid HTTP header`);
    }
    if (name.toLowerCase() === 'user-agent') delete headers[name];
  }
  return headers;
}

function objectAt(value: JsonValue | undefined, where: string, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  if (value === undefined || value === null) return Object.create(null) as JsonObject;
  throw configInvalid(path, `${where} must be an object`);
}

function stringAt(value: JsonValue | undefined, where: string, path: string): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  throw configInvalid(path, `${where} must be text in quotes`);
}

function stringsAt(
  value: JsonValue | undefined,
  where: string,
  path: string,
): Record<string, string> {
  const result = Object.create(null) as Record<string, string>;
  for (const [key, item] of Object.entries(objectAt(value, where, path))) {
    result[key] = stringAt(item, `${where}[${JSON.stringify(key)}]`, path) ?? '';
  }
  return result;
}
