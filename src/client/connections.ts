import type { Registries } from '../config/containers/types.ts';
import type { CredentialSourcesOptions } from '../credentials/sources/options.ts';
import type { Login, LoginStore, TraceableCredentialChain } from '../credentials/types.ts';
import { LOGIN_IN_PROGRESS } from '../http/auth/rejected-login.ts';
import type { SideConnections } from './side.ts';
import { lazyTemporaries } from './temporaries.ts';
import { createTokenCaches } from './token-caches.ts';
import type { RealmTrust } from './trusted-realms.ts';
import type { ConnectionsOptions, ConnectionOptions } from './types.ts';
import { createLazyJournal, forgettingUploadSessions } from './upload-journal.ts';

/** Connects to registries with this machine's settings; each part is opened on first use. */
export interface Connections extends AsyncDisposable {
  /** Sides with the same options share their connections. */
  side(options: ConnectionOptions): Promise<SideConnections>;
  /** Uses only this login: the `login` command tests it before it is stored. */
  withLogin(options: ConnectionOptions, login: Login): Promise<SideConnections>;
  /** Where registries.conf and other files locate names. @throws AppError CONFIG_INVALID, IO */
  readonly registries: () => Registries;
  /** Allows `realmHost` to receive the credentials of `registry`, from now on and in later runs. */
  readonly trustRealm: (registry: string, realmHost: string) => Promise<void>;
  readonly logins: LoginStore;
  /** Requests sent so far, on all sides together. */
  readonly requestCount: () => number;
}

export async function openConnections(options: ConnectionsOptions): Promise<Connections> {
  const { machine, settings, warn } = options;
  const [{ createLoginStore }, registries] = await Promise.all([
    import('../credentials/logins/store.ts'),
    readRegistries(options),
  ]);
  const temporaries = lazyTemporaries(machine);
  const credentialOptions: CredentialSourcesOptions = {
    ...machine,
    configDir: settings.config,
    authfile: settings.authfile,
    credentialHelpers: () => registries().credentialHelpers,
    warn,
    temporaries,
  };
  const tokens = createTokenCaches(options);
  const journal = createLazyJournal(options);
  const sides = new Map<string, Promise<SideConnections>>();
  const open: SideConnections[] = [];
  let loadedRealms: Promise<RealmTrust> | undefined;

  const realms = (): Promise<RealmTrust> => {
    const { allowRealm } = settings;
    loadedRealms ??= import('./trusted-realms.ts').then(({ loadRealmTrust }) =>
      loadRealmTrust({ env: machine.env, home: machine.home, allowRealm, temporaries }),
    );
    return loadedRealms;
  };

  const connect = async (
    side: ConnectionOptions,
    credentials?: TraceableCredentialChain,
  ): Promise<SideConnections> => {
    const [{ connectSide }, { allowed: allowedRealms }, store] = await Promise.all([
      import('./side.ts'),
      realms(),
      // A new login must really be tested, and its tokens may belong in a keychain.
      credentials === undefined ? tokens.use() : undefined,
    ]);
    const shared = { credentialOptions, registries: registries(), allowedRealms, store, journal };
    const connections = await connectSide(side, { ...options, ...shared }, credentials);
    open.push(connections);
    return connections;
  };

  return {
    async side(side) {
      const key = JSON.stringify(side);
      const known =
        sides.get(key) ?? withPassword(side, options.askPassword).then((full) => connect(full));
      sides.set(key, known);
      return known;
    },
    withLogin: (side, login) => connect(side, onlyLogin(login)),
    registries,
    trustRealm: async (registry, realmHost) => (await realms()).trust(registry, realmHost),
    logins: forgettingUploadSessions(
      options,
      tokens.forgettingTokens(createLoginStore(credentialOptions)),
    ),
    requestCount: () => open.reduce((sum, { http }) => sum + http.stats.requests, 0),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...open.map(({ http }) => http.close()), tokens.close()]);
    },
  };
}

/**
 * Reads the files at once, but throws their errors on first use, because a copy between directories
 * must not fail because of a configuration.
 */
async function readRegistries({
  machine,
  settings,
  warn,
}: ConnectionsOptions): Promise<() => Registries> {
  const { loadRegistries } = await import('../config/containers/registries.ts');
  try {
    const { env, home, os } = machine;
    const { registriesConf, daemonConfig } = settings;
    const registries = await loadRegistries({ env, home, os, registriesConf, daemonConfig, warn });
    return () => registries;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function withPassword(
  side: ConnectionOptions,
  ask: ConnectionsOptions['askPassword'],
): Promise<ConnectionOptions> {
  const username = side.creds?.includes(':') === false ? side.creds : side.username;
  if (username === undefined || side.password !== undefined || ask === undefined) return side;
  return { ...side, creds: undefined, username, password: await ask(username) };
}

function onlyLogin(login: Login): TraceableCredentialChain {
  const source = LOGIN_IN_PROGRESS;
  return {
    lookup: async () => ({ kind: 'basic', ...login, origin: source }),
    forget: () => undefined,
    describeSources: () => [source],
    explain: async () => [{ source, asked: true, answered: true, failed: false, detail: '' }],
  };
}
