import type { Login } from '../types.ts';
import type { AuthFile } from '../../config/containers/auth-files.ts';
import {
  getIgnoringCase,
  keyIgnoringCase,
  parseBareAuths,
  parseDockerConfig,
} from '../../config/docker/config-json.ts';
import {
  emptyObject,
  isJsonObject,
  parseJsonFile,
  type JsonObject,
} from '../../config/files/json.ts';
import { encodeAuth } from '../auth-entry.ts';
import { authFileKey, isWholeRegistry, keyMatchesRegistry, type LoginTarget } from '../keys.ts';

/** Fields of an entry that a new login replaces (docker/cli AuthConfig). */
const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'auth',
  'username',
  'password',
  'identitytoken',
  'registrytoken',
  'serveraddress',
]);

/**
 * Returns the text of a file with the login of `target` added; without `login`, with the empty
 * entry that marks a helper's. Keeps unknown keys and the order, and removes older spellings of the
 * registry, so that no stale secret remains. Undefined: nothing changes.
 * @throws AppError CONFIG_INVALID if the old text is malformed
 */
export function addLogin(
  text: string | undefined,
  file: AuthFile,
  target: LoginTarget,
  login: Login | undefined,
): string | undefined {
  const document = readDocument(text, file);
  const auths = authsOf(document, file);
  const key = authFileKey(target, file.format);
  const old = Object.hasOwn(auths, key) ? auths[key] : undefined;
  auths[key] = newEntry(isJsonObject(old) ? old : emptyObject(), login);
  for (const other of Object.keys(auths)) {
    if (other !== key && isLoginOf(other, target, file, 'exactly')) delete auths[other];
  }
  return printIfChanged(text, document);
}

/** Removes every entry that can answer a lookup of `target`; undefined: there was none. */
export function removeLogin(
  text: string | undefined,
  file: AuthFile,
  target: LoginTarget,
): string | undefined {
  const document = readDocument(text, file);
  const auths = authsOf(document, file);
  const keys = Object.keys(auths).filter((key) => isLoginOf(key, target, file));
  for (const key of keys) delete auths[key];
  return keys.length === 0 ? undefined : printIfChanged(text, document);
}

/**
 * Whether a key is a login of `target`; with `exactly`, not of a namespace in the registry, which
 * in Docker's files may answer for the whole registry.
 */
export function isLoginOf(
  key: string,
  target: LoginTarget,
  file: AuthFile,
  exactly?: 'exactly',
): boolean {
  if (target.namespace !== undefined) return key === authFileKey(target, 'containers');
  return (
    keyMatchesRegistry(key, target.host, file.format) &&
    (exactly === undefined || isWholeRegistry(key))
  );
}

function newEntry(old: JsonObject, login: Login | undefined): JsonObject {
  const entry = emptyObject();
  if (login !== undefined) entry['auth'] = encodeAuth(login.username, login.password);
  for (const [name, value] of Object.entries(old)) {
    if (!CREDENTIAL_FIELDS.has(name.toLowerCase())) entry[name] = value;
  }
  return entry;
}

function readDocument(text: string | undefined, file: AuthFile): JsonObject {
  // Types are checked first, so that a file that Docker rejects is not overwritten.
  const parse = file.format === 'dockercfg' ? parseBareAuths : parseDockerConfig;
  parse(text ?? '', file.path);
  return parseJsonFile(text ?? '', file.path);
}

/** Returns the `auths` object of the document, created if it is missing. */
function authsOf(document: JsonObject, file: AuthFile): JsonObject {
  if (file.format === 'dockercfg') return document;
  const auths = getIgnoringCase(document, 'auths');
  if (isJsonObject(auths)) return auths;
  const created = emptyObject();
  document[keyIgnoringCase(document, 'auths')] = created;
  return created;
}

/** Docker's own layout: tabs, and no line break at the end. */
function printIfChanged(old: string | undefined, document: JsonObject): string | undefined {
  const text = JSON.stringify(document, null, '\t');
  return text === old ? undefined : text;
}
