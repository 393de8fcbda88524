import { AppError } from '../../errors/app-error.ts';
import { splitArguments } from '../args/argv.ts';
import { hostPlatform } from '../../oci/platform.ts';
import type { CommandGroup } from '../../commands/index.ts';
import { parseArguments, type Parsed } from '../args/parse.ts';
import { nearestTo } from '../args/suggest.ts';
import type { Io } from '../io.ts';
import { OWN_MANNER } from './manner.ts';
import { hasNoun } from './tools/nouns.ts';
import type { Line, Manner, Persona } from './types.ts';

export interface LineEnvironment {
  readonly io: Pick<Io, 'env' | 'home' | 'host' | 'uid'>;
  readonly columns: number;
}

/** How a command line was read, for the report of an error. */
type Heard = (asked: { readonly argv: readonly string[]; readonly manner?: Manner }) => void;

/**
 * What the line asks for, in our words or in another tool's. A line that our grammar rejects may still
 * be one that people bring along: with regclient's nouns or skopeo's options.
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
    heard({ argv, manner: line.manner });
    return parseArguments(line.argv, groups, environment);
  }
  const noun = async (): Promise<Parsed | undefined> => {
    const { withNoun } = await import('./own.ts');
    const line = withNoun(argv, machineOf(io));
    if (line === undefined) return undefined;
    if ('text' in line) return { kind: 'print', text: line.text };
    heard({ argv, manner: { ...OWN_MANNER, prints: line.prints } });
    return parseArguments(line.argv, groups, environment);
  };
  const commands = groups.flatMap((group) => group.commands);
  const isOurs = splitArguments(argv, commands).name?.includes(' ') === true;
  const parsed = hasNoun(argv) && !isOurs ? await noun() : undefined;
  if (parsed !== undefined) return parsed;
  try {
    return parseArguments(argv, groups, environment);
  } catch (error) {
    // A command of ours with options of regclient, which has one of the same name.
    const brought = hasNoun(argv) && isOurs ? await noun().catch(() => undefined) : undefined;
    if (brought !== undefined) return brought;
    const { withSkopeoOptions } = await import('./own.ts');
    const words = withSkopeoOptions(argv, groups, machineOf(io));
    if (words === undefined) throw await withOtherWord(error, argv, groups);
    heard({ argv: words });
    return parseArguments(words, groups, environment);
  }
}

/** For another tool's verb, also if it is misspelled: the hint is the line that does the same here. */
async function withOtherWord(
  error: unknown,
  argv: readonly string[],
  groups: readonly CommandGroup[],
): Promise<unknown> {
  const commands = groups.flatMap((group) => group.commands);
  const { name, after, spec } = splitArguments(argv, commands);
  if (name === undefined) return error;
  const { WORDS } = await import('./tools/words.ts');
  // The first word of two may be a command of ours: "manifest create".
  const both = `${name} ${after[0] ?? ''}`;
  const word = Object.hasOwn(WORDS, both) ? both : spec === undefined ? name : undefined;
  if (word === undefined) return error;
  const ours = commands.flatMap((one) => [one.name, ...(one.aliases ?? [])]);
  const meant = Object.hasOwn(WORDS, word)
    ? word
    : nearestTo(word, [...ours, ...Object.keys(WORDS)])[0];
  const hint = meant !== undefined && Object.hasOwn(WORDS, meant) ? WORDS[meant] : undefined;
  return hint === undefined
    ? error
    : new AppError('USAGE', `unknown command "${word}"`, { hint, cause: error });
}

export function machineOf({ env, home, host, uid }: LineEnvironment['io']): Line['machine'] {
  return { env, home, os: host.platform, uid, platform: hostPlatform(host) };
}
