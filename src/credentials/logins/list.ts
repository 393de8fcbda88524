import type { DockerConfig } from '../../config/docker/config-json.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import { hasCredential } from '../auth-entry.ts';
import { defaultHelper, helperFor } from '../helpers/configured.ts';
import { loadAuthFile } from '../sources/auth-file.ts';
import type { CredentialHelper } from '../helpers/helper.ts';
import type { LoginSources } from './files.ts';
import { registryOfKey, sameRegistry, targetOfKey } from '../keys.ts';

/** Lists every registry or namespace with a stored login; warns if a helper cannot list. */
export async function listLogins(
  sources: LoginSources,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const found = new Set<string>();
  const { before, after } = sources.containersHelpers();
  for (const helper of [...before, ...after]) {
    for (const host of await tryList(helper, sources, options)) found.add(host);
  }
  for (const file of sources.files) {
    const config = await loadAuthFile(file, sources);
    for (const [key, entry] of config.auths) {
      if (hasCredential(entry)) found.add(targetOfKey(key, file.format));
    }
    for (const host of await registriesOfHelpers(sources, config, options)) found.add(host);
  }
  return [...found].sort();
}

async function registriesOfHelpers(
  sources: LoginSources,
  config: DockerConfig,
  options: CallOptions,
): Promise<readonly string[]> {
  const found = [...(await registriesOfDefaultHelper(sources, config, options))];
  for (const key of config.credHelpers.keys()) {
    const host = registryOfKey(key);
    const helper = helperFor(config, host, sources.run);
    const held = helper === undefined ? [] : await tryList(helper, sources, options);
    if (held.some((one) => sameRegistry(one, host))) found.push(host);
  }
  return found;
}

/** Registries of `credsStore`, without those that `credHelpers` assigns to another helper. */
async function registriesOfDefaultHelper(
  sources: LoginSources,
  config: DockerConfig,
  options: CallOptions,
): Promise<readonly string[]> {
  const helper = defaultHelper(config, sources.run);
  if (helper === undefined) return [];
  const held = await tryList(helper, sources, options);
  return held.filter((host) => helperFor(config, host, sources.run)?.program === helper.program);
}

async function tryList(
  helper: CredentialHelper,
  sources: LoginSources,
  options: CallOptions,
): Promise<readonly string[]> {
  try {
    return [...(await helper.list(options)).keys()].map(registryOfKey);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || error.code !== 'CREDENTIAL_HELPER') throw error;
    sources.warn(error.message);
    return [];
  }
}
