import { existsSync } from 'node:fs';
import type { AuthFile } from '../../config/containers/auth-files.ts';
import type { DockerConfig } from '../../config/docker/config-json.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { findEntry } from '../auth-entry.ts';
import { helperFor } from '../helpers/configured.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import { NO_KEYCHAIN } from '../helpers/keychain-errors.ts';
import { formatLoginTarget, helperKeys, type LoginTarget } from '../keys.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import { containersKeys } from '../sources/containers-helpers.ts';
import type { Login, SavedLogin } from '../types.ts';
import { addLogin, removeLogin } from './edit-file.ts';
import { updateLogins, type LoginSources } from './files.ts';

/** Stores a login where a lookup finds it first. @throws AppError like createLoginStore */
export async function saveLogin(
  sources: LoginSources,
  target: LoginTarget,
  login: Login,
  options: CallOptions = {},
): Promise<SavedLogin> {
  checkUsername(login.username);
  const [first] = sources.containersHelpers().before;
  const inHelper = async (
    helper: CredentialHelper | undefined,
    keys: readonly string[],
  ): Promise<SavedLogin | undefined> => {
    if (helper === undefined) return undefined;
    if (target.namespace !== undefined) throw wholeRegistriesOnly(helper, target);
    const saved = await storeIn(helper, keys[0] ?? target.host, login, options);
    if (saved === undefined) sources.warn(`${NO_KEYCHAIN}, so the login goes to a file`);
    return saved;
  };
  // A lookup starts at the helper that registries.conf lists before the files.
  const inFirst = await inHelper(first, containersKeys(target.host));
  if (inFirst !== undefined) return inFirst;
  const { file, config } = await destination(sources, target);
  const helper = helperFor(config, target.host, sources.run);
  const saved = await inHelper(helper, helperKeys(target.host, file.format));
  if (saved !== undefined) {
    await clearAuthFile(sources, file, config, target, options);
    return saved;
  }
  const change = (text: string | undefined): string | undefined =>
    addLogin(text, file, target, login);
  await updateLogins(sources, file, change, options);
  return { storedIn: file.path, plainText: true };
}

/**
 * Cloud helpers create logins and store none (ecr-login, gcr): if one answers for the registry,
 * nothing needs to be stored. Undefined: there is no keychain.
 * @throws AppError CREDENTIAL_HELPER
 */
async function storeIn(
  helper: CredentialHelper,
  key: string,
  login: Login,
  options: CallOptions,
): Promise<SavedLogin | undefined> {
  const place = { storedIn: helper.program, plainText: false };
  const outcome = await helper.store(key, login, options);
  if (outcome === 'no-keychain') return undefined;
  if (outcome === 'stored') return place;
  if ((await helper.get(key, options)) !== undefined) return { ...place, supplied: true };
  throw answersOnly(helper, key);
}

interface Destination {
  readonly file: AuthFile;
  readonly config: DockerConfig;
}

async function destination(sources: LoginSources, target: LoginTarget): Promise<Destination> {
  const candidates = sources.files.filter(({ format }) => format !== 'dockercfg');
  if (target.namespace !== undefined) {
    const file = candidates.find((one) => one.format === 'containers' && canHold(one));
    if (file === undefined) throw noNamespaces(target);
    return { file, config: await loadAuthFile(file, sources) };
  }
  for (const file of candidates) {
    const config = await loadAuthFile(file, sources);
    const last = file.named || file.format === 'docker';
    if (last || endsLookup(file, config, target, sources)) return { file, config };
  }
  throw noHome(target);
}

/** The system creates the session's directory, with the right owner and mode. */
function canHold({ runtimeDir }: AuthFile): boolean {
  return runtimeDir === undefined || existsSync(runtimeDir);
}

/** Whether a lookup of the whole registry ends at this file or at its helper. */
function endsLookup(
  file: AuthFile,
  config: DockerConfig,
  { host }: LoginTarget,
  { run }: LoginSources,
): boolean {
  return (
    helperFor(config, host, run) !== undefined ||
    findEntry(config.auths, host, undefined, file.format) !== undefined
  );
}

/**
 * Removes an old secret from the file that names a helper. Docker marks the registry with an empty
 * entry. The mark is optional, so a file that cannot be written does not fail the login, unless an
 * old secret remains in it.
 */
async function clearAuthFile(
  sources: LoginSources,
  file: AuthFile,
  config: DockerConfig,
  target: LoginTarget,
  options: CallOptions,
): Promise<void> {
  const change = (text: string | undefined): string | undefined =>
    file.format === 'containers'
      ? removeLogin(text, file, target)
      : addLogin(text, file, target, undefined);
  try {
    await updateLogins(sources, file, change, options);
  } catch (error) {
    const harmless = error instanceof AppError && error.code === 'IO';
    if (!harmless || findEntry(config.auths, target.host, undefined, file.format) !== undefined)
      throw error;
  }
}

function checkUsername(username: string): void {
  if (username !== '' && !username.includes(':')) return;
  throw new AppError('USAGE', 'a username must not be empty or contain ":"', {
    hint: 'Write the part after ":" into the password.',
  });
}

function noHome(target: LoginTarget): AppError {
  const { host } = target;
  return new AppError(
    'CONFIG_INVALID',
    `cannot store the login of ${host}: this user has no home directory`,
    { hint: `Set HOME to an absolute path, or name a file: regctl login --authfile FILE ${host}` },
  );
}

function noNamespaces(target: LoginTarget): AppError {
  return new AppError(
    'USAGE',
    `Docker's configuration keeps no login of a namespace such as ${formatLoginTarget(target)}`,
    { hint: `Leave out --config, name a file with --authfile, or log in to ${target.host}.` },
  );
}

function wholeRegistriesOnly({ program }: CredentialHelper, target: LoginTarget): AppError {
  return new AppError(
    'UNSUPPORTED',
    `${program} keeps logins of whole registries, not of ${formatLoginTarget(target)}`,
    { hint: `Name a file without a helper with --authfile, or log in to ${target.host}.` },
  );
}

function answersOnly({ program }: CredentialHelper, host: string): AppError {
  return new AppError(
    'CREDENTIAL_HELPER',
    `the credential helper ${program} stores no logins and has none for ${host}`,
    { hint: `Log in with the tool that ${program} belongs to, or name a file with --authfile.` },
  );
}
