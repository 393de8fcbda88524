import type { AuthFile } from '../../config/containers/auth-files.ts';
import type { DockerConfig } from '../../config/docker/config-json.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../store/types.ts';
import { holdsCredential } from '../auth-entry.ts';
import { helperFor, storeHelper } from '../helpers/configured.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import type { RunHelper } from '../helpers/process.ts';
import type { ListedHelpers } from '../sources/containers-helpers.ts';
import { registryOfKey, sameRegistry, targetOfKey } from '../keys.ts';

/** The files that may hold logins, in the order they are asked, and how their helpers are run. */
export interface LoginPlace {
  readonly files: readonly AuthFile[];
  readonly run: RunHelper;
  /** Those that registries.conf names. */
  readonly listed: () => ListedHelpers;
  readonly warn: (text: string) => void;
}

/** Every registry or namespace with a stored login; a helper that cannot list is warned about. */
export async function listLogins(
  place: LoginPlace,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const found = new Set<string>();
  const { before, after } = place.listed();
  for (const helper of [...before, ...after]) {
    for (const host of await tryList(helper, place, options)) found.add(host);
  }
  for (const file of place.files) {
    const config = await loadAuthFile(file, place);
    for (const [key, entry] of config.auths) {
      if (holdsCredential(entry)) found.add(targetOfKey(key, file.form));
    }
    for (const host of await heldByHelpers(place, config, options)) found.add(host);
  }
  return [...found].sort();
}

async function heldByHelpers(
  place: LoginPlace,
  config: DockerConfig,
  options: CallOptions,
): Promise<readonly string[]> {
  const found = [...(await heldByStore(place, config, options))];
  for (const key of config.credHelpers.keys()) {
    const host = registryOfKey(key);
    const helper = helperFor(config, host, place.run);
    const held = helper === undefined ? [] : await tryList(helper, place, options);
    if (held.some((one) => sameRegistry(one, host))) found.push(host);
  }
  return found;
}

/** Registries of `credsStore`, without those that `credHelpers` sends elsewhere. */
async function heldByStore(
  place: LoginPlace,
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
  place: LoginPlace,
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
