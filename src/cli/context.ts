import { AppError } from '../errors/app-error.ts';
import type { TraceableCredentialChain } from '../credentials/types.ts';
import type { CredentialSourcesOptions } from '../credentials/chain.ts';
import type { Context, Side, Terminal } from '../commands/context.ts';
import type { CopyEvent } from '../copy/types.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { Location } from '../transports/types.ts';
import type { ConnectionFlags, ProgramFlags } from './args/global-flags.ts';
import type { Io } from './io.ts';
import type { Registries } from '../config/containers/registries.ts';
import type { Messages } from './output/messages.ts';
import type { Stdio } from './output/stdio.ts';
import type { RealmTrust } from '../client/trusted-realms.ts';
import { createTokenCaches, type TokenCaches } from '../client/token-caches.ts';
import { lazyTemporaries } from '../client/temporaries.ts';
import { createLazyJournal, forgettingUploadSessions } from '../client/upload-journal.ts';
import type { ConnectSideOptions, SideConnections } from '../client/connections.ts';

export interface ContextOptions {
  readonly io: Pick<
    Io,
    | 'env'
    | 'cwd'
    | 'temp'
    | 'home'
    | 'host'
    | 'uid'
    | 'bundledHelpers'
    | 'processes'
    | 'now'
    | 'onLongRun'
  >;
  readonly flags: ProgramFlags;
  readonly messages: Messages;
  readonly terminal: Terminal;
  readonly emit: (event: CopyEvent) => void;
  readonly trace: ((line: string) => void) | undefined;
  readonly stdio: Stdio;
  /** Whether a handful of requests is to come rather than hundreds. */
  readonly shortLived: boolean;
}

export interface ProgramContext extends Context, AsyncDisposable {}

/** The composition root: puts together what a command may touch, each part when first asked for. */
export async function createContext(options: ContextOptions): Promise<ProgramContext> {
  const { io, flags, messages, terminal, emit, stdio } = options;
  const [{ locate, transportOf }, { parseReference }, { createLoginStore }, registries] =
    await Promise.all([
      import('../transports/locate.ts'),
      import('../reference/parse.ts'),
      import('../credentials/logins/store.ts'),
      openRegistries(options),
    ]);
  const places: CredentialSourcesOptions = {
    env: io.env,
    home: io.home,
    os: io.host.platform,
    uid: io.uid,
    bundledHelpers: io.bundledHelpers,
    configDir: flags.config,
    authfile: flags.authfile,
    credentialHelpers: () => registries().credentialHelpers,
    warn: messages.warn,
  };
  const tokens = createTokenCaches(options);
  const wires = connectSides(options, places, tokens, registries);
  const temporaries = lazyTemporaries(io);

  return {
    env: io.env,
    cwd: io.cwd,
    tempDir: io.temp,
    machine: { home: io.home, os: io.host.platform, uid: io.uid },
    temporaries,
    now: io.now,
    flags,
    hostPlatform: flags.hostPlatform,
    locate(image) {
      const location = locate(image);
      if (location.scheme !== 'docker' || image.startsWith('docker://')) return location;
      const full = registries().expand(image);
      return full === image ? location : locate(full);
    },
    async openRead(location, side, call) {
      const registry = await registryFor(location, () => wires.of(side));
      const own = { registry, temporaries: await temporaries(location), ...stdio };
      return transportOf(location).openRead(location, own, call);
    },
    async openWrite(location, side, call) {
      const transport = transportOf(location);
      if (transport.openWrite === undefined) {
        throw new AppError('UNSUPPORTED', `${location.text}: "${location.scheme}:" is read-only`);
      }
      const registry = await registryFor(location, () => wires.of(side));
      const own = { registry, temporaries: await temporaries(location), ...stdio };
      return transport.openWrite(location, own, call);
    },
    registry: async (side) => (await wires.of(side)).registry,
    http: async (side) => (await wires.of(side)).http.request,
    endpoint: async (side, registry, call) => (await wires.of(side)).endpoint(registry, call),
    probe: async (side, registry, mirrors) => (await wires.of(side)).probe(registry, mirrors),
    credentials: async (side) => (await wires.of(side)).credentials,
    registryForLogin: async (login) => (await wires.with(onlyLogin(login))).registry,
    requestCount: wires.requestCount,
    reference: parseReference,
    registries,
    trustRealm: async (registry, realmHost) => (await wires.realms()).trust(registry, realmHost),
    logins: forgettingUploadSessions(options, tokens.forgettingTokens(createLoginStore(places))),
    emit,
    warn: messages.warn,
    captureWarnings: messages.captureWarnings,
    note: messages.note,
    terminal,
    [Symbol.asyncDispose]: wires.close,
  };
}

/**
 * Reads the files at once; what is wrong with them is told when they are needed, as a folder must
 * not fail for want of a configuration.
 */
async function openRegistries({ io, flags, messages }: ContextOptions): Promise<() => Registries> {
  const { loadRegistries } = await import('../config/containers/registries.ts');
  try {
    const { registriesConf, daemonConfig } = flags;
    const { env, home } = io;
    const { warn } = messages;
    const registries = await loadRegistries({ env, home, registriesConf, daemonConfig, warn });
    return () => registries;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

interface AllConnections {
  of(side: Side): Promise<SideConnections>;
  with(credentials: TraceableCredentialChain): Promise<SideConnections>;
  realms(): Promise<RealmTrust>;
  readonly requestCount: () => number;
  readonly close: () => Promise<void>;
}

/** One wire for each set of connection flags: both sides share one when theirs are the same. */
function connectSides(
  options: ContextOptions,
  credentialOptions: CredentialSourcesOptions,
  tokens: TokenCaches,
  registries: () => Registries,
): AllConnections {
  const { io, flags, messages, terminal, emit, trace } = options;
  const bySide = new Map<string, Promise<SideConnections>>();
  const open: SideConnections[] = [];
  const journal = createLazyJournal(options);
  let loadedRealms: Promise<RealmTrust> | undefined;

  const realms = (): Promise<RealmTrust> => {
    loadedRealms ??= import('../client/trusted-realms.ts').then(({ loadRealmTrust }) =>
      loadRealmTrust({ env: io.env, home: io.home, allowRealm: flags.allowRealm }),
    );
    return loadedRealms;
  };

  const build = async (
    side: ConnectionFlags,
    credentials?: TraceableCredentialChain,
  ): Promise<SideConnections> => {
    const [{ connectSide }, { allowed }, store] = await Promise.all([
      import('../client/connections.ts'),
      realms(),
      // A login that is being tried must be tried, and its tokens may belong to a keychain.
      credentials === undefined ? tokens.use() : undefined,
    ]);
    const wireOptions: ConnectSideOptions = {
      flags,
      credentialOptions,
      registries: registries(),
      now: io.now,
      note: messages.note,
      warn: messages.warn,
      emit,
      trace,
      allowedRealms: allowed,
      store,
      journal,
      shortLived: options.shortLived,
      onLongRun: io.onLongRun,
    };
    const connections = await connectSide(side, wireOptions, credentials);
    open.push(connections);
    return connections;
  };

  return {
    async of(side) {
      const key = JSON.stringify(flags.sides[side]);
      const wire =
        bySide.get(key) ?? askPassword(flags.sides[side], terminal).then((full) => build(full));
      bySide.set(key, wire);
      return wire;
    },
    with: (credentials) => build(flags.sides.single, credentials),
    realms,
    requestCount: () => open.reduce((sum, connections) => sum + connections.http.stats.requests, 0),
    async close() {
      await Promise.allSettled([
        ...open.map((connections) => connections.http.close()),
        tokens.close(),
      ]);
    },
  };
}

/** A user name without a password is asked for it, where somebody is there to answer. */
async function askPassword(side: ConnectionFlags, terminal: Terminal): Promise<ConnectionFlags> {
  const username = side.creds?.includes(':') === false ? side.creds : side.username;
  if (username === undefined || side.password !== undefined || !terminal.interactive) return side;
  const password = await terminal.prompt(`Password of ${username}:`, { hidden: true });
  return { ...side, creds: undefined, username, password };
}

/** Only a location of a registry needs one; a folder must not fail for want of a configuration. */
async function registryFor(
  location: Location,
  wire: () => Promise<SideConnections>,
): Promise<RegistryClient> {
  if (location.scheme === 'docker') return (await wire()).registry;
  const none = (): never => {
    throw new Error(`"${location.scheme}:" asked for a registry`);
  };
  return { repository: none, catalog: none, ping: none };
}

function onlyLogin(login: {
  readonly username: string;
  readonly password: string;
}): TraceableCredentialChain {
  const source = 'the login that was given';
  return {
    lookup: async () => ({ kind: 'basic', ...login, origin: source }),
    forget: () => undefined,
    describeSources: () => [source],
    explain: async () => [{ source, asked: true, answered: true, failed: false, detail: '' }],
  };
}

/**
 * A secret given for both sides of a copy between two registries would reach the wrong one.
 * @throws AppError USAGE
 */
export function rejectSharedSecrets(
  flags: ProgramFlags,
  args: readonly string[],
  context: Pick<Context, 'locate' | 'reference' | 'registries'>,
): void {
  const [flag] = flags.plainSecrets;
  if (flag === undefined) return;
  const hosts = new Set(
    args
      .map((arg) => context.locate(arg))
      .filter((location) => location.scheme === 'docker')
      .map((location) => context.registries().route(context.reference(location.name)).primary)
      .map(({ registry }) => registry),
  );
  if (hosts.size < 2) return;
  const name = flag.replace(/^--/u, '');
  throw new AppError('USAGE', `${flag} would go to ${[...hosts].join(' and to ')}`, {
    hint: `Say whose it is: --src-${name} or --dest-${name}.`,
  });
}
