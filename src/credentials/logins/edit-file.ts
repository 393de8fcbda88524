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
 * The text of a file of logins with the login of `target` in it; without `login`, with the empty
 * entry that marks a helper's. Unknown keys and the order are kept; older spellings of the same
 * registry go, so that no stale secret stays behind. undefined: nothing to change.
 * @throws AppError CONFIG_INVALID when the old text is malformed
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

/** The text without any entry that a look-up of `target` could answer from; undefined: none there. */
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
 * Whether a key is a login of `target`; `exactly`: and not one of a namespace in the registry,
 * which in Docker's files may answer for the whole of it.
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
  // Types are checked before anything is written over a file that Docker would refuse.
  const parse = file.format === 'dockercfg' ? parseBareAuths : parseDockerConfig;
  parse(text ?? '', file.path);
  return parseJsonFile(text ?? '', file.path);
}

/** The `auths` object inside the document, created where it is missing. */
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
