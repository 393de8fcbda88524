import { openConnections } from '../client/connections.ts';
import type { SideConnections } from '../client/side.ts';
import { createStores, type Stores } from '../client/stores.ts';
import { lazyTemporaries } from '../client/temporaries.ts';
import { createTrust } from '../client/trust.ts';
import type { ConnectionOptions, HostSide, Machine, Side } from '../client/types.ts';
import type { Context, Terminal } from '../commands/context.ts';
import type { CopyEvent } from '../copy/types.ts';
import { parseReference } from '../reference/parse.ts';
import type { Location } from '../transports/types.ts';
import type { BeginWait } from '../util/abort.ts';
import type { ProgramFlags } from './args/global-flags.ts';
import type { Io } from './io.ts';
import type { Messages } from './output/messages.ts';
import type { Stdio } from './output/stdio.ts';
import { createSecretGuard } from './secrets.ts';

export interface ContextOptions {
  readonly io: Pick<
    Io,
    | 'env'
    | 'cwd'
    | 'temp'
    | 'home'
    | 'host'
    | 'runtime'
    | 'uid'
    | 'bundledHelpers'
    | 'processes'
    | 'now'
    | 'onLongRun'
    | 'onSignal'
    | 'usage'
  >;
  readonly flags: ProgramFlags;
  readonly messages: Messages;
  readonly terminal: Terminal;
  readonly emit: (event: CopyEvent) => void;
  readonly trace: ((line: string) => void) | undefined;
  readonly stdio: Stdio;
  readonly beginWait: BeginWait;
  readonly manyRequests: boolean;
  /** Which request makes the run a long one; absent: as for a copy. */
  readonly longRunAfter: number | undefined;
}

export interface ProgramContext extends Context, Pick<Stores, 'namesMeant'>, AsyncDisposable {}

/** The composition root: creates a client from the command line and adds the process. */
export async function createContext(options: ContextOptions): Promise<ProgramContext> {
  const {
    io,
    flags,
    messages,
    terminal,
    emit,
    trace,
    stdio,
    beginWait,
    manyRequests,
    longRunAfter,
  } = options;
  const { env, home, uid, now, processes, bundledHelpers } = io;
  const os = io.host.platform;
  const machine: Machine = { env, home, os, uid, now, processes, bundledHelpers, beginWait };
  const connections = await openConnections({
    machine,
    settings: flags,
    warn: messages.warn,
    note: messages.remark,
    onRetry: (event) => emit({ type: 'retry', ...event }),
    trace,
    askPassword: terminal.interactive
      ? (username) => terminal.prompt(`Password of ${username}:`, { hidden: true })
      : undefined,
    onLongRun: io.onLongRun,
    manyRequests,
    longRunAfter,
  });
  const temporaries = lazyTemporaries(machine);
  const stores = createStores({
    ...stdio,
    connections,
    temporaries,
    engines: { ...machine, configDir: flags.config, note: messages.note },
  });
  const optionsOf = (side: Side | HostSide): ConnectionOptions =>
    typeof side === 'string' ? flags.sides[side] : { ...flags.sides[side.side], ...side.host };
  const of = (side: Side | HostSide): Promise<SideConnections> => connections.side(optionsOf(side));

  const guard = createSecretGuard(flags, {
    reference: parseReference,
    registries: connections.registries,
  });
  /** Secrets that a file has for a host are for that host. */
  const guarded = (location: Location, side: Side | HostSide): ConnectionOptions => {
    if (typeof side === 'string') guard(location, side);
    return optionsOf(side);
  };

  return {
    env,
    get cwd() {
      return io.cwd;
    },
    stdin: stdio.stdin,
    tempDir: flags.tmpdir ?? io.temp,
    machine,
    runtime: { ...io.runtime, ...io.host },
    temporaries,
    now,
    flags,
    hostPlatform: flags.hostPlatform,
    locate: stores.locate,
    namesMeant: stores.namesMeant,
    openRead: async (location, side, call) =>
      stores.openRead(location, guarded(location, side), call),
    openWrite: async (location, side, call) =>
      stores.openWrite(location, guarded(location, side), call),
    registry: async (side) => (await of(side)).registry,
    http: async (side) => (await of(side)).http.request,
    endpoint: async (side, registry, call) => (await of(side)).endpoint(registry, call),
    probe: async (side, registry, mirrors) => (await of(side)).probe(registry, mirrors),
    credentials: async (side) => (await of(side)).credentials,
    registryForLogin: async (login) =>
      (await connections.withLogin(flags.sides.single, login)).registry,
    requestCount: connections.requestCount,
    reference: parseReference,
    registries: connections.registries,
    trustRealm: connections.trustRealm,
    logins: connections.logins,
    emit: (event) => (event.type === 'note' ? messages.note(event.text) : emit(event)),
    warn: messages.warn,
    requireTrusted: createTrust({
      machine,
      settings: flags,
      host: flags.hostPlatform,
      cwd: () => io.cwd,
      openRead: async (location, call) => stores.openRead(location, guarded(location, 'src'), call),
      trace,
    }),
    captureWarnings: messages.captureWarnings,
    note: messages.note,
    onSignal: io.onSignal,
    usage: io.usage,
    terminal,
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}
