import { AppError } from '../errors/app-error.ts';
import type { DescribedCredentialChain } from '../credentials/types.ts';
import type { CredentialPlaces } from '../credentials/chain.ts';
import type { Context, Side, Terminal } from '../commands/types.ts';
import type { CopyEvent } from '../copy/types.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { Location } from '../transports/types.ts';
import type { ConnectionFlags, ProgramFlags } from './args/global-flags.ts';
import type { Io } from './io.ts';
import type { Registries } from '../config/containers/registries.ts';
import type { Messages } from './output/messages.ts';
import type { Pipes } from './output/stdio.ts';
import type { Realms } from '../client/trusted-realms.ts';
import { createTokenCaches, type TokenCaches } from '../client/token-caches.ts';
import { lazyTemporaries } from '../client/temporaries.ts';
import { createLazyJournal, forgettingUploads } from '../client/upload-journal.ts';
import type { Wire, WireOptions } from '../client/connections.ts';

export interface ContextOptions {
  readonly io: Pick<
    Io,
    'env' | 'cwd' | 'temp' | 'home' | 'host' | 'uid' | 'ownHelpers' | 'processes' | 'now' | 'onLong'
  >;
  readonly flags: ProgramFlags;
  readonly messages: Messages;
  readonly terminal: Terminal;
  readonly emit: (event: CopyEvent) => void;
  readonly trace: ((line: string) => void) | undefined;
  readonly pipes: Pipes;
  /** Whether a handful of requests is to come rather than hundreds. */
  readonly fewRequests: boolean;
}

export interface ProgramContext extends Context, AsyncDisposable {}

/** The composition root: puts together what a command may touch, each part when first asked for. */
export async function createContext(options: ContextOptions): Promise<ProgramContext> {
  const { io, flags, messages, terminal, emit, pipes } = options;
  const [{ locate, transportOf }, { parseReference }, { createLoginStore }, registries] =
    await Promise.all([
      import('../transports/locate.ts'),
      import('../reference/parse.ts'),
      import('../credentials/logins/store.ts'),
      openRegistries(options),
    ]);
  const places: CredentialPlaces = {
    env: io.env,
    home: io.home,
    os: io.host.platform,
    uid: io.uid,
    ownHelpers: io.ownHelpers,
    configDir: flags.config,
    authfile: flags.authfile,
    credentialHelpers: () => registries().credentialHelpers,
    warn: messages.warn,
  };
  const tokens = createTokenCaches(options);
  const wires = createWires(options, places, tokens, registries);
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
      const own = { registry, temporaries: await temporaries(location), ...pipes };
      return transportOf(location).openRead(location, own, call);
    },
    async openWrite(location, side, call) {
      const transport = transportOf(location);
      if (transport.openWrite === undefined) {
        throw new AppError('UNSUPPORTED', `${location.text}: "${location.scheme}:" is read-only`);
      }
      const registry = await registryFor(location, () => wires.of(side));
      const own = { registry, temporaries: await temporaries(location), ...pipes };
      return transport.openWrite(location, own, call);
    },
    registry: async (side) => (await wires.of(side)).registry,
    http: async (side) => (await wires.of(side)).http.request,
    endpoint: async (side, registry, call) => (await wires.of(side)).endpoint(registry, call),
    probe: async (side, registry, mirrors) => (await wires.of(side)).probe(registry, mirrors),
    credentials: async (side) => (await wires.of(side)).credentials,
    registryWith: async (login) => (await wires.with(exactly(login))).registry,
    requestCount: wires.requestCount,
    reference: parseReference,
    registries,
    trustRealm: async (registry, realmHost) => (await wires.realms()).trust(registry, realmHost),
    logins: forgettingUploads(options, tokens.guard(createLoginStore(places))),
    emit,
    warn: messages.warn,
    holdWarnings: messages.holdWarnings,
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

interface Wires {
  of(side: Side): Promise<Wire>;
  with(credentials: DescribedCredentialChain): Promise<Wire>;
  realms(): Promise<Realms>;
  readonly requestCount: () => number;
  readonly close: () => Promise<void>;
}

/** One wire for each set of connection flags: both sides share one when theirs are the same. */
function createWires(
  options: ContextOptions,
  places: CredentialPlaces,
  tokens: TokenCaches,
  registries: () => Registries,
): Wires {
  const { io, flags, messages, terminal, emit, trace } = options;
  const bySide = new Map<string, Promise<Wire>>();
  const open: Wire[] = [];
  const journal = createLazyJournal(options);
  let loadedRealms: Promise<Realms> | undefined;

  const realms = (): Promise<Realms> => {
    loadedRealms ??= import('../client/trusted-realms.ts').then(({ loadRealms }) =>
      loadRealms({ env: io.env, home: io.home, allowRealm: flags.allowRealm }),
    );
    return loadedRealms;
  };

  const build = async (
    side: ConnectionFlags,
    credentials?: DescribedCredentialChain,
  ): Promise<Wire> => {
    const [{ createWire }, { allowed }, store] = await Promise.all([
      import('../client/connections.ts'),
      realms(),
      // A login that is being tried must be tried, and its tokens may belong to a keychain.
      credentials === undefined ? tokens.use() : undefined,
    ]);
    const wireOptions: WireOptions = {
      flags,
      places,
      registries: registries(),
      now: io.now,
      note: messages.note,
      warn: messages.warn,
      emit,
      trace,
      allowedRealms: allowed,
      store,
      journal,
      fewRequests: options.fewRequests,
      onMany: io.onLong,
    };
    const wire = await createWire(side, wireOptions, credentials);
    open.push(wire);
    return wire;
  };

  return {
    async of(side) {
      const key = JSON.stringify(flags.sides[side]);
      const wire =
        bySide.get(key) ?? askPassword(flags.sides[side], terminal).then((full) => build(full));
      bySide.set(key, wire);
      return wire;
    },
    with: (credentials) => build(flags.sides.only, credentials),
    realms,
    requestCount: () => open.reduce((sum, wire) => sum + wire.http.stats.requests, 0),
    async close() {
      await Promise.allSettled([...open.map((wire) => wire.http.close()), tokens.close()]);
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
async function registryFor(location: Location, wire: () => Promise<Wire>): Promise<RegistryClient> {
  if (location.scheme === 'docker') return (await wire()).registry;
  const none = (): never => {
    throw new Error(`"${location.scheme}:" asked for a registry`);
  };
  return { repository: none, catalog: none, ping: none };
}

function exactly(login: {
  readonly username: string;
  readonly password: string;
}): DescribedCredentialChain {
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
export function checkSecrets(
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
      .map((location) => context.registries().route(context.reference(location.place)).primary)
      .map(({ registry }) => registry),
  );
  if (hosts.size < 2) return;
  const name = flag.replace(/^--/u, '');
  throw new AppError('USAGE', `${flag} would go to ${[...hosts].join(' and to ')}`, {
    hint: `Say whose it is: --src-${name} or --dest-${name}.`,
  });
}
