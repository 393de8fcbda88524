import type { CredentialSourcesOptions } from './options.ts';
import type { CredentialSource } from '../types.ts';
import { parseDockerAuthConfig } from '../../config/docker/auth-variable.ts';
import type { AuthEntry } from '../../config/docker/config-json.ts';
import { findEntry, credentialFromEntry } from '../auth-entry.ts';
import type { LoginTarget } from '../keys.ts';
import { AppError } from '../../errors/app-error.ts';

/** Its logins outrank stored ones. */
export const AUTH_VARIABLE = 'DOCKER_AUTH_CONFIG';

/** The logins of `DOCKER_AUTH_CONFIG`, if it is set. */
export function variableSource({
  env,
  warn,
}: Pick<CredentialSourcesOptions, 'env' | 'warn'>): readonly CredentialSource[] {
  const text = env[AUTH_VARIABLE];
  if (text === undefined || text === '') return [];
  let auths: ReadonlyMap<string, AuthEntry> | undefined;
  return [
    {
      name: AUTH_VARIABLE,
      async get(host, repository) {
        auths ??= decodableAuths(parseDockerAuthConfig(text, warn), warn);
        const found = findEntry(auths, host, repository, 'docker');
        if (found === undefined) return { detail: 'no login of it' };
        return {
          credential: credentialFromEntry(found, AUTH_VARIABLE),
          detail: `by auths[${JSON.stringify(found.key)}]`,
        };
      },
    },
  ];
}

const quiet = (): void => undefined;

/** Whether the variable has a login that a lookup finds before any stored one. */
export function variableAnswers(
  env: CredentialSourcesOptions['env'],
  { host, namespace }: LoginTarget,
): boolean {
  const auths = decodableAuths(parseDockerAuthConfig(env[AUTH_VARIABLE], quiet), quiet);
  return findEntry(auths, host, namespace, 'docker') !== undefined;
}

/** An entry that cannot be decoded only causes a warning, like other errors in the variable. */
function decodableAuths(
  auths: ReadonlyMap<string, AuthEntry>,
  warn: (text: string) => void,
): ReadonlyMap<string, AuthEntry> {
  const usable = [...auths].filter(([key, entry]) => {
    try {
      return credentialFromEntry({ key, entry }, AUTH_VARIABLE).kind === 'basic';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      warn(`ignoring ${error.message}`);
      return false;
    }
  });
  return new Map(usable);
}
