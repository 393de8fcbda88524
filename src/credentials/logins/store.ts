import { existsSync } from 'node:fs';
import {
  authFiles,
  type AuthFile,
  type AuthFileFormat,
} from '../../config/containers/auth-files.ts';
import type { DockerConfig } from '../../config/docker/config-json.ts';
import { updatePrivateFile } from '../../config/files/private.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { findEntry, hasCredential } from '../auth-entry.ts';
import { helperFor } from '../helpers/configured.ts';
import { NO_KEYCHAIN } from '../helpers/keychain-errors.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import { createHelperRunner } from '../helpers/process.ts';
import {
  containersHelpers,
  containersKeys,
  type ContainersHelpers,
} from '../sources/containers-helpers.ts';
import { isLoginOf, addLogin, removeLogin } from './edit-file.ts';
import { listLogins, type LoginSources } from './list.ts';
import {
  formatLoginTarget,
  helperKeys,
  hostOfKey,
  splitLoginTarget,
  sameRegistry,
  type LoginTarget,
} from '../keys.ts';
import type { CredentialSourcesOptions } from '../sources/options.ts';
import { AUTH_VARIABLE, variableAnswers } from '../sources/variable.ts';
import type { Login, LoginStore, SavedLogin } from '../types.ts';

/**
 * Logins where the tools of both worlds read them. A new one takes the place of the one that a
 * look-up finds first, so that it is the one in force; where there is none, Docker's file gets it,
 * a namespace's the first containers-auth.json(5). A helper that fails is an error; the password
 * never goes to the file instead (CVE-2021-41092), unless regctl's own helper says that this system
 * has no keychain, which is warned about.
 * Its functions throw AppError CREDENTIAL_HELPER, CONFIG_INVALID, IO, NO_SPACE, UNSUPPORTED, and
 * USAGE for a user name that cannot be stored.
 */
export function createLoginStore(options: CredentialSourcesOptions): LoginStore {
  const files = authFiles(options);
  const run =
    options.runHelper ?? createHelperRunner({ env: options.env, bundled: options.bundledHelpers });
  const listed = (): ContainersHelpers => containersHelpers(options, files, run);
  const { warn, temporaries } = options;
  const sources: LoginSources = { files, run, containersHelpers: listed, warn, temporaries };
  const said = (target: LoginTarget, what: string): void => {
    if (!files.some((file) => file.named) && variableAnswers(options.env, target))
      warn(`${AUTH_VARIABLE} has a login for ${formatLoginTarget(target)}, which ${what}`);
  };
  return {
    async save(text, login, call) {
      const target = splitLoginTarget(text);
      const saved = await save(sources, target, login, call);
      said(target, 'is used instead of the stored one; unset it to use that');
      return saved;
    },
    async remove(text, call) {
      const target = splitLoginTarget(text);
      const removed = await remove(sources, target, call);
      said(target, 'stays; unset it to log out');
      return removed;
    },
    list: (call) => listLogins(sources, call),
  };
}

async function save(
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
  // The helper that registries.conf lists before the files is where a look-up begins.
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
  await update(sources, file, change, options);
  return { storedIn: file.path, plainText: true };
}

/**
 * Helpers of clouds answer by themselves and store nothing (ecr-login, gcr): one that answers for
 * the registry leaves nothing to be stored. Undefined: there is no keychain.
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

async function update(
  { temporaries }: LoginSources,
  { path }: AuthFile,
  change: (text: string | undefined) => string | undefined,
  { signal }: CallOptions,
): Promise<void> {
  await updatePrivateFile(path, change, { signal, temporaries: await temporaries?.() });
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

/** The session's folder is the system's to make, with its owner and mode. */
function canHold({ runtimeDir }: AuthFile): boolean {
  return runtimeDir === undefined || existsSync(runtimeDir);
}

/** Whether a look-up of the whole registry would end at this file, or at the helper it names. */
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
 * Takes an old secret out of the file of a helper. Docker marks its registry by an empty entry; the
 * mark is a courtesy, so a file that cannot be written does not undo the login, unless an old
 * secret would stay in it.
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
    await update(sources, file, change, options);
  } catch (error) {
    const harmless = error instanceof AppError && error.code === 'IO';
    if (!harmless || findEntry(config.auths, target.host, undefined, file.format) !== undefined)
      throw error;
  }
}

async function remove(
  sources: LoginSources,
  target: LoginTarget,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const removed: string[] = [];
  const failures: AppError[] = [];
  const forget = async (helper: CredentialHelper, format: AuthFileFormat): Promise<void> => {
    try {
      if (await eraseAll(helper, format, target.host, options)) removed.push(helper.program);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      // What the others hold goes all the same.
      failures.push(error);
    }
  };
  const { before, after } = sources.containersHelpers();
  const wholeRegistry = target.namespace === undefined;
  for (const helper of wholeRegistry ? [...before, ...after] : [])
    await forget(helper, 'containers');
  for (const file of sources.files) {
    const config = await loadAuthFile(file, sources);
    const helper = wholeRegistry ? helperFor(config, target.host, sources.run) : undefined;
    if (helper !== undefined) await forget(helper, file.format);
    const entries = [...config.auths].filter(([key]) => isLoginOf(key, target, file));
    if (entries.length > 0) {
      const change = (text: string | undefined): string | undefined =>
        removeLogin(text, file, target);
      await update(sources, file, change, options);
    }
    if (entries.some(([, entry]) => hasCredential(entry))) removed.push(file.path);
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return removed;
}

/** Erases every key under which the helper may know the registry. */
async function eraseAll(
  helper: CredentialHelper,
  format: AuthFileFormat,
  host: string,
  options: CallOptions,
): Promise<boolean> {
  const listed = await listOf(helper, options);
  const keys =
    listed?.filter((key) => sameRegistry(hostOfKey(key), host)) ?? helperKeys(host, format);
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
    { hint: `leave out --config, or name a file with --authfile, or sign in to ${target.host}` },
  );
}

function wholeRegistriesOnly({ program }: CredentialHelper, target: LoginTarget): AppError {
  return new AppError(
    'UNSUPPORTED',
    `${program} keeps logins of whole registries, not of ${formatLoginTarget(target)}`,
    { hint: `name a file without a helper by --authfile, or sign in to ${target.host}` },
  );
}

function answersOnly({ program }: CredentialHelper, host: string): AppError {
  return new AppError(
    'CREDENTIAL_HELPER',
    `the credential helper ${program} stores no logins and has none for ${host}`,
    { hint: `Log in with the tool that ${program} belongs to, or name a file with --authfile.` },
  );
}
