import type { Temporaries } from '../util/temporaries.ts';
import type { TrustedRealms } from '../config/hosts/trusted-realms.ts';

/** Token servers that may receive the credentials of a registry on another host. */
export interface RealmTrust {
  readonly allowed: (registry: string, realmHost: string) => boolean;
  trust(registry: string, realmHost: string): Promise<void>;
}

/** Loads the `--allow-realm` of this run and what `regctl login` stored. */
export async function loadRealmTrust(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
  readonly allowRealm: readonly string[];
  readonly temporaries: () => Promise<Temporaries>;
}): Promise<RealmTrust> {
  const { trustedRealmsPath, loadTrustedRealms, trustRealm } =
    await import('../config/hosts/trusted-realms.ts');
  const path = trustedRealmsPath(options.env, options.home);
  const flags = new Set(options.allowRealm.map((host) => host.toLowerCase()));
  const known: TrustedRealms = path === undefined ? new Map() : await loadTrustedRealms(path);
  const trusted = new Map<string, Set<string>>();
  return {
    allowed: (registry, realmHost) =>
      flags.has(realmHost.toLowerCase()) ||
      known.get(registry)?.has(realmHost) === true ||
      trusted.get(registry)?.has(realmHost) === true,
    async trust(registry, realmHost) {
      trusted.set(registry, new Set([...(trusted.get(registry) ?? []), realmHost]));
      if (path !== undefined)
        await trustRealm(path, registry, realmHost, { temporaries: await options.temporaries() });
    },
  };
}
