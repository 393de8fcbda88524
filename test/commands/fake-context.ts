import type { OutputFormat } from '../../src/cli/args/global-flags.ts';
import { writeResult } from '../../src/cli/output/result.ts';
import type { Context } from '../../src/commands/context.ts';
import type { Result, Style } from '../../src/commands/result.ts';
import type { Input } from '../../src/commands/types.ts';
import type { TraceableCredentialChain } from '../../src/credentials/types.ts';
import { emptyRegistries } from '../../src/config/containers/registries.ts';
import { parseReference } from '../../src/reference/parse.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { locate } from '../../src/transports/locate.ts';
import type { TestImage } from '../helpers/images.ts';

export interface FakeContext extends Context {
  readonly warnings: string[];
  readonly notes: string[];
}

type Overrides = Partial<Omit<Context, 'flags'>> & { readonly flags?: Partial<Context['flags']> };

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`Unexpected call to ${name}`);
  };
}

/** A context whose every means to the outside throws unless the test gives it. */
export function fakeContext(overrides: Overrides = {}): FakeContext {
  const warnings: string[] = [];
  const notes: string[] = [];
  return {
    env: {},
    cwd: '/nowhere',
    stdin: unexpected('stdin'),
    tempDir: '/nowhere',
    machine: { home: '/nowhere', os: 'linux', uid: undefined },
    runtime: {
      node: '24.15.0',
      openssl: '3.5.0',
      platform: 'linux',
      arch: 'x64',
      path: '/nowhere',
      isExecutable: false,
    },
    temporaries: unexpected('temporaries'),
    now: () => new Date('2026-02-01T00:00:00Z'),
    hostPlatform: { os: 'linux', architecture: 'amd64' },
    locate,
    reference: parseReference,
    registries: () => emptyRegistries([]),
    openRead: unexpected('openRead'),
    openWrite: unexpected('openWrite'),
    registry: unexpected('registry'),
    registryForLogin: unexpected('registryWith'),
    http: unexpected('http'),
    endpoint: unexpected('endpoint'),
    probe: unexpected('probe'),
    credentials: unexpected('credentials'),
    requestCount: unexpected('requestCount'),
    trustRealm: unexpected('trustRealm'),
    logins: {
      save: unexpected('logins.save'),
      remove: unexpected('logins.remove'),
      list: unexpected('logins.list'),
    },
    emit: () => undefined,
    onSignal: () => () => undefined,
    requireTrusted: async () => undefined,
    terminal: nobody,
    ...overrides,
    flags: {
      platform: undefined,
      override: undefined,
      concurrency: 3,
      policy: undefined,
      verifyKeys: [],
      acceptBundles: false,
      eachImage: false,
      quiet: false,
      asOtherTool: false,
      config: undefined,
      authfile: undefined,
      allowRealm: [],
      ...overrides.flags,
    },
    warn: (text) => void warnings.push(text),
    captureWarnings: () => () => warnings.splice(0),
    note: (text) => void notes.push(text),
    warnings,
    notes,
  };
}

/** No terminal: every question is a mistake. */
export const nobody: Context['terminal'] = {
  interactive: false,
  confirm: unexpected('terminal.confirm'),
  prompt: unexpected('terminal.prompt'),
  readStdin: unexpected('terminal.readStdin'),
};

export function noCredentials(): TraceableCredentialChain {
  return {
    lookup: async () => undefined,
    forget: () => undefined,
    describeSources: () => [],
    explain: async () => [],
  };
}

export function input(
  args: readonly string[],
  options: Input['options'] = {},
): { readonly args: readonly string[]; readonly options: Input['options'] } {
  return { args, options };
}

const same = (text: string): string => text;

/** No colour, 80 columns, a pipe. */
export const PLAIN: Style = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  blue: same,
  cyan: same,
  link: same,
  width: 80,
  terminal: false,
};

/** A memory store with these tags; images may share a digest. */
export async function storeWith(
  tags: Readonly<Record<string, TestImage>>,
  label = 'r.example/app',
): Promise<WriteStore> {
  const store = createMemoryStore(label);
  for (const [tag, image] of Object.entries(tags)) {
    for (const { descriptor, bytes } of image.nodes.values()) {
      const isRoot = descriptor.digest === image.root.digest;
      await store.push(sourceFromBytes(descriptor, bytes), isRoot ? { tag } : {});
    }
  }
  return store;
}

export function textOf(result: Result, style: Style = PLAIN): string {
  if (result.kind === 'value') return result.text(style);
  throw new Error(`A result of kind "${result.kind}" has no text`);
}

/** Only a value's JSON is there at once; `printed` gives that of every kind. */
export function jsonOf(result: Result): unknown {
  if (result.kind === 'value') return result.json;
  throw new Error(`A result of kind "${result.kind}" has no JSON value`);
}

export async function linesOf(result: Result): Promise<string[]> {
  if (result.kind === 'list') return Array.fromAsync(result.items());
  throw new Error(`A result of kind "${result.kind}" has no items`);
}

export async function bytesOfResult(result: Result): Promise<Buffer> {
  if (result.kind === 'bytes') return Buffer.concat(await Array.fromAsync(result.bytes));
  throw new Error(`A result of kind "${result.kind}" has no bytes`);
}

/** What the program writes for a result. */
export async function printed(result: Result, format?: OutputFormat): Promise<string> {
  const pieces: (string | Uint8Array)[] = [];
  const writer = {
    started: false,
    write: async (piece: string | Uint8Array) => void pieces.push(piece),
    settled: () => Promise.resolve(),
  };
  await writeResult(result, { format, template: undefined }, writer, PLAIN);
  return pieces.map(String).join('');
}
