import { readRegclientConfig, regclientConfigPath } from '../../config/regclient/config-file.ts';
import { sameRegistry } from '../keys.ts';
import type { Credential, CredentialSource } from '../types.ts';
import type { CredentialSourcesOptions } from './options.ts';

/** Logins in regclient's configuration; no source if there is no home directory. */
export function regclientSource(
  options: Pick<CredentialSourcesOptions, 'env' | 'home' | 'warn'>,
): readonly CredentialSource[] {
  const path = regclientConfigPath(options);
  if (path === undefined) return [];
  let loaded: ReturnType<typeof readRegclientConfig> | undefined;
  return [
    {
      name: path,
      async get(host) {
        const config = await (loaded ??= readRegclientConfig(options, options.warn));
        if (config === undefined) return { detail: 'no such file' };
        const found = [...config.hosts].find(([name]) => sameRegistry(name, host));
        const credential = found && credentialOf(found[1], path);
        return credential === undefined
          ? { detail: 'no login of it' }
          : { credential, detail: `by hosts[${JSON.stringify(found?.[0])}]` };
      },
    },
  ];
}

function credentialOf(
  {
    user,
    pass,
    token,
  }: { user?: string | undefined; pass?: string | undefined; token?: string | undefined },
  origin: string,
): Credential | undefined {
  if (token !== undefined) {
    return { kind: 'identity', token, origin, ...(user === undefined ? {} : { username: user }) };
  }
  return user === undefined || pass === undefined
    ? undefined
    : { kind: 'basic', username: user, password: pass, origin };
}
