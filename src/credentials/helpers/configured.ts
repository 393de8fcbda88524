import type { DockerConfig } from '../../config/docker/config-json.ts';
import { createHelper, type CredentialHelper } from './helper.ts';
import type { RunHelper } from './process.ts';
import { candidateKeys } from '../keys.ts';

/**
 * Returns the helper that Docker's configuration names for a registry: `credHelpers[key]`, else
 * `credsStore`. An empty name in `credHelpers` means to use only the file.
 * @throws AppError CONFIG_INVALID for a name that is not a plain suffix
 */
export function helperFor(
  config: DockerConfig,
  host: string,
  run: RunHelper,
): CredentialHelper | undefined {
  for (const key of candidateKeys(host)) {
    const suffix = config.credHelpers.get(key);
    if (suffix === '') return undefined;
    if (suffix !== undefined) {
      const namedBy = `credHelpers[${JSON.stringify(key)}] in ${config.path}`;
      return createHelper({ suffix, namedBy, run });
    }
  }
  return defaultHelper(config, run);
}

/** The helper of `credsStore`. @throws AppError CONFIG_INVALID */
export function defaultHelper(config: DockerConfig, run: RunHelper): CredentialHelper | undefined {
  if (config.credsStore === undefined || config.credsStore === '') return undefined;
  const namedBy = `credsStore in ${config.path}`;
  return createHelper({ suffix: config.credsStore, namedBy, run });
}
