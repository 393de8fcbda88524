import { member, memberName, parseDockerConfig } from '../config/docker-config.ts';
import { emptyObject, isJsonObject, parseJsonFile, type JsonObject } from '../config/json-file.ts';
import { credentialKey } from '../reference/docker-hub.ts';
import { encodeAuth } from './docker-file.ts';
import { answersFor, type KeyStyle } from './registry-key.ts';

/** Fields of an entry that a new login replaces (docker/cli AuthConfig). */
const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'auth',
  'username',
  'password',
  'identitytoken',
  'registrytoken',
  'serveraddress',
]);

export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * The text of a configuration file with the login of `host` in it; without `login`, with the empty
 * entry that marks a helper's. Unknown keys and the order are kept; older spellings of the same
 * registry go, so that no stale secret stays behind. undefined: nothing to change.
 * @throws AppError CONFIG_INVALID when the old text is malformed
 */
export function withLogin(
  text: string | undefined,
  path: string,
  host: string,
  login: Login | undefined,
): string | undefined {
  const document = readDocument(text, path);
  const auths = authsOf(document);
  const key = credentialKey(host.toLowerCase());
  const old = Object.hasOwn(auths, key) ? auths[key] : undefined;
  auths[key] = newEntry(isJsonObject(old) ? old : emptyObject(), login);
  for (const other of Object.keys(auths)) {
    if (other !== key && answersFor(other, host, 'containers')) delete auths[other];
  }
  return changed(text, document);
}

/** The text without any entry that a look-up of `host` could answer from; undefined: none there. */
export function withoutLogin(
  text: string | undefined,
  path: string,
  host: string,
  style: KeyStyle,
): string | undefined {
  const document = readDocument(text, path);
  const auths = authsOf(document);
  const keys = Object.keys(auths).filter((key) => answersFor(key, host, style));
  for (const key of keys) delete auths[key];
  return keys.length === 0 ? undefined : changed(text, document);
}

function newEntry(old: JsonObject, login: Login | undefined): JsonObject {
  const entry = emptyObject();
  if (login !== undefined) entry['auth'] = encodeAuth(login.username, login.password);
  for (const [name, value] of Object.entries(old)) {
    if (!CREDENTIAL_FIELDS.has(name.toLowerCase())) entry[name] = value;
  }
  return entry;
}

function readDocument(text: string | undefined, path: string): JsonObject {
  // Types are checked before anything is written over a file that Docker would refuse.
  parseDockerConfig(text ?? '', path);
  return parseJsonFile(text ?? '', path);
}

/** The `auths` object inside the document, created where it is missing. */
function authsOf(document: JsonObject): JsonObject {
  const auths = member(document, 'auths');
  if (isJsonObject(auths)) return auths;
  const created = emptyObject();
  document[memberName(document, 'auths')] = created;
  return created;
}

/** Docker's own layout: tabs, and no line break at the end. */
function changed(old: string | undefined, document: JsonObject): string | undefined {
  const text = JSON.stringify(document, null, '\t');
  return text === old ? undefined : text;
}
