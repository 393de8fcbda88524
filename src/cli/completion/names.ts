import { openConnections, type Connections } from '../../client/connections.ts';
import type { Side } from '../../client/types.ts';
import { looksLikeHost } from '../../reference/host.ts';
import { isRegistryHost, isRepositoryName, isTag } from '../../reference/names.ts';
import { parseReference } from '../../reference/parse.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { ProgramFlags } from '../args/global-flags.ts';
import type { Io } from '../io.ts';
import { keptNames } from './kept-names.ts';

/** More would fill a terminal many times over. */
const MAX_NAMES = 10_000;

export interface NameOptions extends CallOptions {
  readonly io: Io;
  readonly flags: ProgramFlags;
  readonly side: Side;
}

/** A name that a registry gave, as it may stand in a command line. */
export type Names = readonly string[];

/**
 * Completes the name of an image: registries with a login, repositories of a registry, tags of a
 * repository. Sends only lists, which are no pulls. What is not a name by the grammar is left out:
 * it could be a command for the shell. Never throws; what is known when the signal aborts counts.
 */
export async function imageNames(word: string, options: NameOptions): Promise<Names> {
  const scheme = word.startsWith('docker://') ? 'docker://' : '';
  const name = word.slice(scheme.length);
  if (name.includes('@')) return [];
  const slash = name.lastIndexOf('/');
  const colon = name.indexOf(':', slash + 1);
  const [head = ''] = name.split('/');
  const found =
    colon >= 0 && !(slash < 0 && looksLikeHost(name))
      ? await tagsOf(name.slice(0, colon), options)
      : slash < 0
        ? (await registryNames(options)).map((registry) => `${registry}/`)
        : looksLikeHost(head)
          ? await repositoriesOf(head, options)
          : [];
  return found.map((one) => `${scheme}${one}`);
}

/** The registries for which this machine has a login. */
export async function registryNames(options: NameOptions): Promise<Names> {
  return withConnections(options, async (connections, found) => {
    for (const name of await connections.logins.list({ signal: options.signal })) {
      const host = name.replace(/^https?:\/\//u, '').replace(/\/.*$/u, '');
      if (isRegistryHost(host)) found.push(host);
    }
  });
}

async function repositoriesOf(registry: string, options: NameOptions): Promise<Names> {
  const kept = keptNames(options.io, keyOf('catalog', registry, options));
  const names =
    kept.read() ??
    (await withConnections(options, async (connections, found) => {
      const { registry: client } = await connections.side(options.flags.sides[options.side]);
      for await (const page of client.catalog(registry, { signal: options.signal })) {
        found.push(...page);
        if (found.length > MAX_NAMES) break;
      }
      await kept.write(found);
    }));
  return names.filter(isRepositoryName).map((name) => `${registry}/${name}`);
}

async function tagsOf(repository: string, options: NameOptions): Promise<Names> {
  const kept = keptNames(options.io, keyOf('tags', repository, options));
  const names =
    kept.read() ??
    (await withConnections(options, async (connections, found) => {
      const { registry: client } = await connections.side(options.flags.sides[options.side]);
      const reference = parseReference(connections.registries().expand(repository));
      const { signal } = options;
      for await (const page of client
        .repository({ ...reference, access: 'pull' })
        .tags({ signal })) {
        found.push(...page);
        if (found.length > MAX_NAMES) break;
      }
      await kept.write(found);
    }));
  return names.filter(isTag).map((tag) => `${repository}:${tag}`);
}

/** Reads into `found` until it fails or the time is over. */
async function withConnections(
  { io, flags }: NameOptions,
  read: (connections: Connections, found: string[]) => Promise<void>,
): Promise<Names> {
  const found: string[] = [];
  try {
    const { env, home, uid, now, processes, bundledHelpers, host } = io;
    await using connections = await openConnections({
      machine: { env, home, uid, now, processes, bundledHelpers, os: host.platform },
      settings: { ...flags, retryTimes: 0 },
      warn: () => undefined,
      note: () => undefined,
      onRetry: () => undefined,
    });
    await read(connections, found);
  } catch {
    // At a prompt there is no place for an error: the command itself reports it.
  }
  return found;
}

function keyOf(kind: string, name: string, { flags, side }: NameOptions): string {
  const { config, authfile, registriesConf, sides } = flags;
  return JSON.stringify([kind, name, config, authfile, registriesConf, sides[side]]);
}
