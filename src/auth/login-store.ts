import { loadDockerConfig, type DockerConfig } from '../config/docker-config.ts';
import { updatePrivateFile } from '../config/private-file.ts';
import { AppError } from '../errors/app-error.ts';
import { credentialKey } from '../reference/docker-hub.ts';
import type { CallOptions } from '../store/types.ts';
import { findEntry, holdsCredential } from './docker-file.ts';
import { helperFor, storeHelper } from './docker-helper.ts';
import type { CredentialHelper } from './helper.ts';
import { createHelperRunner, type RunHelper } from './helper-process.ts';
import { withLogin, withoutLogin, type Login } from './login-file.ts';
import { answersFor, keyHost, registryOfKey, sameRegistry, type KeyStyle } from './registry-key.ts';
import { authFilePath, type CredentialPlaces } from './sources.ts';
import type { LoginStore } from './types.ts';

interface Place {
  readonly path: string;
  readonly style: KeyStyle;
  readonly run: RunHelper;
  readonly warn: (text: string) => void;
}

/**
 * Logins where Docker's configuration (or `--authfile`) keeps them. A helper that fails is an
 * error; the password never goes to the file instead (CVE-2021-41092).
 * Its functions throw AppError CREDENTIAL_HELPER, CONFIG_INVALID, IO, NO_SPACE, and USAGE for a
 * user name that cannot be stored.
 */
export function createLoginStore(options: CredentialPlaces): LoginStore {
  const { path, style } = authFilePath(options);
  const place: Place = {
    path,
    style,
    run: options.runHelper ?? createHelperRunner({ env: options.env }),
    warn: options.warn,
  };
  return {
    save: (host, login, call) => save(place, host, login, call),
    remove: (host, call) => remove(place, host, call),
    list: (call) => list(place, call),
  };
}

async function save(
  place: Place,
  host: string,
  login: Login,
  options: CallOptions = {},
): Promise<{ place: string; plainText: boolean }> {
  checkUsername(login.username);
  const config = await loadDockerConfig(place.path, place);
  const helper = helperFor(config, host, place.run);
  if (helper === undefined) {
    await updatePrivateFile(
      place.path,
      (text) => withLogin(text, place.path, host, login),
      options,
    );
    return { place: place.path, plainText: true };
  }
  await helper.store(credentialKey(host), login, options);
  await markHelperEntry(place, config, host, options);
  return { place: helper.program, plainText: false };
}

/**
 * Docker marks a helper's registry by an empty entry. The mark is a courtesy, so a file that
 * cannot be written does not undo the login, unless an old secret would stay in it.
 */
async function markHelperEntry(
  place: Place,
  config: DockerConfig,
  host: string,
  options: CallOptions,
): Promise<void> {
  try {
    await updatePrivateFile(
      place.path,
      (text) => withLogin(text, place.path, host, undefined),
      options,
    );
  } catch (error) {
    const harmless = error instanceof AppError && error.code === 'IO';
    if (!harmless || findEntry(config.auths, host, undefined, place.style) !== undefined)
      throw error;
  }
}

async function remove(place: Place, host: string, options: CallOptions = {}): Promise<boolean> {
  const config = await loadDockerConfig(place.path, place);
  const helper = helperFor(config, host, place.run);
  const erased = helper !== undefined && (await eraseAll(helper, host, options));
  const entries = [...config.auths].filter(([key]) => answersFor(key, host, place.style));
  if (entries.length > 0) {
    const change = (text: string | undefined): string | undefined =>
      withoutLogin(text, place.path, host, place.style);
    await updatePrivateFile(place.path, change, options);
  }
  return erased || entries.some(([, entry]) => holdsCredential(entry));
}

/** Erases every key under which the helper may know the registry. */
async function eraseAll(
  helper: CredentialHelper,
  host: string,
  options: CallOptions,
): Promise<boolean> {
  const listed = await listOf(helper, options);
  if (listed === undefined) return helper.erase(credentialKey(host), options);
  const keys = listed.filter((key) => sameRegistry(keyHost(key), host));
  let erased = false;
  for (const key of keys) erased = (await helper.erase(key, options)) || erased;
  return erased;
}

/** undefined for the helpers that cannot list (ecr-login): they hold no stored logins anyway. */
async function listOf(
  helper: CredentialHelper,
  options: CallOptions,
): Promise<readonly string[] | undefined> {
  try {
    return [...(await helper.list(options)).keys()];
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError && error.code === 'CREDENTIAL_HELPER') return undefined;
    throw error;
  }
}

async function list(place: Place, options: CallOptions = {}): Promise<readonly string[]> {
  const config = await loadDockerConfig(place.path, place);
  const found = new Set<string>();
  for (const [key, entry] of config.auths)
    if (holdsCredential(entry)) found.add(registryOfKey(key));
  for (const host of await heldByStore(place, config, options)) found.add(host);
  for (const key of config.credHelpers.keys()) {
    const host = registryOfKey(key);
    const helper = helperFor(config, host, place.run);
    const held = helper === undefined ? [] : await tryList(helper, place, options);
    if (held.some((one) => sameRegistry(one, host))) found.add(host);
  }
  return [...found].sort();
}

/** Registries of `credsStore`, without those that `credHelpers` sends elsewhere. */
async function heldByStore(
  place: Place,
  config: DockerConfig,
  options: CallOptions,
): Promise<readonly string[]> {
  const helper = storeHelper(config, place.run);
  if (helper === undefined) return [];
  const held = await tryList(helper, place, options);
  return held.filter((host) => helperFor(config, host, place.run)?.program === helper.program);
}

async function tryList(
  helper: CredentialHelper,
  place: Place,
  options: CallOptions,
): Promise<readonly string[]> {
  try {
    return [...(await helper.list(options)).keys()].map(registryOfKey);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || error.code !== 'CREDENTIAL_HELPER') throw error;
    place.warn(error.message);
    return [];
  }
}

function checkUsername(username: string): void {
  if (username !== '' && !username.includes(':')) return;
  throw new AppError('USAGE', 'a user name must not be empty or hold ":"', {
    hint: 'the part after ":" belongs into the password',
  });
}
