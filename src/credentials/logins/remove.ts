import type { AuthFileFormat } from '../../config/containers/auth-files.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { hasCredential } from '../auth-entry.ts';
import { helperFor } from '../helpers/configured.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import { helperKeys, hostOfKey, sameRegistry, type LoginTarget } from '../keys.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import { isLoginOf, removeLogin } from './edit-file.ts';
import { updateLogins, type LoginSources } from './files.ts';

/** Removes a login from everything that holds one. @returns the files and helpers that did */
export async function forgetLogin(
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
      // The login is still removed from the other places.
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
      await updateLogins(sources, file, change, options);
    }
    if (entries.some(([, entry]) => hasCredential(entry))) removed.push(file.path);
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return removed;
}

/** Erases every key under which the helper may store the registry. */
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

/** Undefined for helpers that cannot list (ecr-login), which store no logins. */
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
