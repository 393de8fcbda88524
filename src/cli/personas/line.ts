import { hostPlatform } from '../../oci/platform.ts';
import type { CommandGroup } from '../../commands/index.ts';
import { parseArguments, type Parsed } from '../args/parse.ts';
import type { Io } from '../io.ts';
import type { Line, Manner, Persona } from './types.ts';

export interface LineEnvironment {
  readonly io: Pick<Io, 'env' | 'home' | 'host' | 'uid'>;
  readonly columns: number;
}

/** What a line became, for whoever reports an error. */
type Heard = (asked: { readonly argv: readonly string[]; readonly manner?: Manner }) => void;

/**
 * What the line asks for, be it ours or that of another tool. A line of ours that cannot be parsed may
 * still be one that people bring: with nouns of regclient, or with options of skopeo.
 * @throws AppError USAGE
 */
export async function parseLine(
  argv: readonly string[],
  persona: Persona | undefined,
  groups: readonly CommandGroup[],
  { io, columns }: LineEnvironment,
  heard: Heard,
): Promise<Parsed> {
  const environment = { host: io.host, columns };
  if (persona !== undefined) {
    const { rewrite } = await import('./rewrite.ts');
    const line = rewrite(persona, argv, machineOf(io));
    if (line.kind === 'print') return line;
    heard(line);
    return parseArguments(line.argv, groups, environment);
  }
  try {
    return parseArguments(argv, groups, environment);
  } catch (error) {
    const { withSkopeoOptions } = await import('./own.ts');
    const words = withSkopeoOptions(argv, groups, machineOf(io));
    if (words === undefined) throw error;
    heard({ argv: words });
    return parseArguments(words, groups, environment);
  }
}

export function machineOf({ env, home, host, uid }: LineEnvironment['io']): Line['machine'] {
  return { env, home, os: host.platform, uid, platform: hostPlatform(host) };
}
