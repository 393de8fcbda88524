import { existsSync } from 'node:fs';
import { authFiles, type AuthFile, type AuthFileForm } from '../../config/containers/auth-files.ts';
import type { DockerConfig } from '../../config/docker/config-json.ts';
import { updatePrivateFile } from '../../config/files/private.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../store/types.ts';
import { findEntry, holdsCredential } from '../auth-entry.ts';
import { helperFor } from '../helpers/configured.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import { createHelperRunner } from '../helpers/process.ts';
import { listedHelpers, listedKeys, type ListedHelpers } from '../sources/containers-helpers.ts';
import { isLoginOf, withLogin, withoutLogin, type Login } from './edit-file.ts';
import { listLogins, type LoginPlace } from './list.ts';
import { helperKeys, keyHost, loginTarget, sameRegistry, type LoginTarget } from '../keys.ts';
import type { CredentialPlaces } from '../chain.ts';
import type { LoginStore } from '../types.ts';

/**
 * Logins where the tools of both worlds read them. A new one takes the place of the one that a
 * look-up finds first, so that it is the one in force; where there is none, Docker's file gets it,
 * a namespace's the first containers-auth.json(5). A helper that fails is an error; the password
 * never goes to the file instead (CVE-2021-41092).
 * Its functions throw AppError CREDENTIAL_HELPER, CONFIG_INVALID, IO, NO_SPACE, UNSUPPORTED, and
 * USAGE for a user name that cannot be stored.
 */
export function createLoginStore(options: CredentialPlaces): LoginStore {
  const files = authFiles(options);
  const run =
    options.runHelper ?? createHelperRunner({ env: options.env, own: options.ownHelpers });
  const listed = (): ListedHelpers => listedHelpers(options, files, run);
  const place: LoginPlace = { files, run, listed, warn: options.warn };
  return {
    save: (target, login, call) => save(place, loginTarget(target), login, call),
    remove: (target, call) => remove(place, loginTarget(target), call),
    list: (call) => listLogins(place, call),
  };
}

async function save(
  place: LoginPlace,
  target: LoginTarget,
  login: Login,
  options: CallOptions = {},
): Promise<{ place: string; plainText: boolean }> {
  checkUsername(login.username);
  const [first] = place.listed().before;
  if (first !== undefined) return saveIn(first, target, login, options);
  const { file, config } = await destination(place, target);
  const helper = helperFor(config, target.host, place.run);
  if (helper === undefined) {
    const change = (text: string | undefined): string | undefined =>
      withLogin(text, file, target, login);
    await updatePrivateFile(file.path, change, options);
    return { place: file.path, plainText: true };
  }
  if (target.namespace !== undefined) throw wholeRegistriesOnly(helper, target);
  const [key = target.host] = helperKeys(target.host, file.form);
  await helper.store(key, login, options);
  await clearFile(file, config, target, options);
  return { place: helper.program, plainText: false };
}

/** The helper that registries.conf lists before the files is where a look-up begins. */
async function saveIn(
  helper: CredentialHelper,
  target: LoginTarget,
  login: Login,
  options: CallOptions,
): Promise<{ place: string; plainText: boolean }> {
  if (target.namespace !== undefined) throw wholeRegistriesOnly(helper, target);
  const [key = target.host] = listedKeys(target.host);
  await helper.store(key, login, options);
  return { place: helper.program, plainText: false };
}

interface Destination {
  readonly file: AuthFile;
  readonly config: DockerConfig;
}

async function destination(place: LoginPlace, target: LoginTarget): Promise<Destination> {
  const candidates = place.files.filter(({ form }) => form !== 'dockercfg');
  if (target.namespace !== undefined) {
    const file = candidates.find((one) => one.form === 'containers' && canHold(one));
    if (file === undefined) throw noNamespaces(target);
    return { file, config: await loadAuthFile(file, place) };
  }
  for (const file of candidates) {
    const config = await loadAuthFile(file, place);
    const last = file.named || file.form === 'docker';
    if (last || answers(file, config, target, place)) return { file, config };
  }
  throw new Error('no file takes a login');
}

/** The session's folder is the system's to make, with its owner and mode. */
function canHold({ runtimeDir }: AuthFile): boolean {
  return runtimeDir === undefined || existsSync(runtimeDir);
}

/** Whether a look-up of the whole registry would end at this file, or at the helper it names. */
function answers(
  file: AuthFile,
  config: DockerConfig,
  { host }: LoginTarget,
  { run }: LoginPlace,
): boolean {
  return (
    helperFor(config, host, run) !== undefined ||
    findEntry(config.auths, host, undefined, file.form) !== undefined
  );
}

/**
 * Takes an old secret out of the file of a helper. Docker marks its registry by an empty entry; the
 * mark is a courtesy, so a file that cannot be written does not undo the login, unless an old
 * secret would stay in it.
 */
async function clearFile(
  file: AuthFile,
  config: DockerConfig,
  target: LoginTarget,
  options: CallOptions,
): Promise<void> {
  const change = (text: string | undefined): string | undefined =>
    file.form === 'containers'
      ? withoutLogin(text, file, target)
      : withLogin(text, file, target, undefined);
  try {
    await updatePrivateFile(file.path, change, options);
  } catch (error) {
    const harmless = error instanceof AppError && error.code === 'IO';
    if (!harmless || findEntry(config.auths, target.host, undefined, file.form) !== undefined)
      throw error;
  }
}

async function remove(
  place: LoginPlace,
  target: LoginTarget,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const removed: string[] = [];
  const failures: AppError[] = [];
  const forget = async (helper: CredentialHelper, form: AuthFileForm): Promise<void> => {
    try {
      if (await eraseAll(helper, form, target.host, options)) removed.push(helper.program);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      // What the others hold goes all the same.
      failures.push(error);
    }
  };
  const { before, after } = place.listed();
  const wholeRegistry = target.namespace === undefined;
  for (const helper of wholeRegistry ? [...before, ...after] : [])
    await forget(helper, 'containers');
  for (const file of place.files) {
    const config = await loadAuthFile(file, place);
    const helper = wholeRegistry ? helperFor(config, target.host, place.run) : undefined;
    if (helper !== undefined) await forget(helper, file.form);
    const entries = [...config.auths].filter(([key]) => isLoginOf(key, target, file));
    if (entries.length > 0) {
      const change = (text: string | undefined): string | undefined =>
        withoutLogin(text, file, target);
      await updatePrivateFile(file.path, change, options);
    }
    if (entries.some(([, entry]) => holdsCredential(entry))) removed.push(file.path);
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return removed;
}

/** Erases every key under which the helper may know the registry. */
async function eraseAll(
  helper: CredentialHelper,
  form: AuthFileForm,
  host: string,
  options: CallOptions,
): Promise<boolean> {
  const listed = await listOf(helper, options);
  const keys = listed?.filter((key) => sameRegistry(keyHost(key), host)) ?? helperKeys(host, form);
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

function checkUsername(username: string): void {
  if (username !== '' && !username.includes(':')) return;
  throw new AppError('USAGE', 'a user name must not be empty or hold ":"', {
    hint: 'the part after ":" belongs into the password',
  });
}

function noNamespaces(target: LoginTarget): AppError {
  return new AppError(
    'USAGE',
    `Docker's configuration keeps no login of a namespace such as ${nameOf(target)}`,
    { hint: `leave out --config, or name a file with --authfile, or sign in to ${target.host}` },
  );
}

function wholeRegistriesOnly({ program }: CredentialHelper, target: LoginTarget): AppError {
  return new AppError(
    'UNSUPPORTED',
    `${program} keeps logins of whole registries, not of ${nameOf(target)}`,
    { hint: `name a file without a helper by --authfile, or sign in to ${target.host}` },
  );
}

function nameOf({ host, namespace }: LoginTarget): string {
  return `${host}/${namespace ?? ''}`;
}
