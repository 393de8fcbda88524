import type { CommandSpec, OptionSpec } from '../../commands/types.ts';
import { flagsOf } from '../args/argv.ts';
import { GLOBAL_FLAGS, longName } from '../args/flags.ts';
import { TOPICS } from '../args/topics.ts';
import type { Spot } from './spot.ts';

/** One way to complete a word. */
export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

/** What the table of commands knows, or what to ask for: names in registries, files. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly Candidate[]; readonly isOpen?: boolean }
  | { readonly kind: 'image' | 'registry' | 'file' };

/** What an argument or the value of an option is, by the name in its spec. */
const KINDS: Readonly<Record<string, 'image' | 'registry' | 'file'>> = {
  image: 'image',
  images: 'image',
  source: 'image',
  destination: 'image',
  repository: 'image',
  repo: 'image',
  index: 'image',
  blob: 'image',
  place: 'image',
  places: 'image',
  a: 'image',
  b: 'image',
  registry: 'registry',
  host: 'registry',
  file: 'file',
  files: 'file',
  dir: 'file',
  path: 'file',
  key: 'file',
};

const PLATFORMS: readonly string[] = [
  'linux/amd64',
  'linux/arm64',
  'linux/arm/v7',
  'linux/386',
  'linux/ppc64le',
  'linux/riscv64',
  'linux/s390x',
  'windows/amd64',
];

const words = (values: readonly string[], spot: Spot): Candidates => ({
  kind: 'words',
  words: values.map((value) => ({ value: `${spot.prefix}${value}` })),
});

const NOTHING: Candidates = { kind: 'words', words: [] };

/** Finds the candidates for a spot; those that do not begin with its word are left to the caller. */
export function candidatesFor(spot: Spot, commands: readonly CommandSpec[]): Candidates {
  const { option, spec, word, isOnlyArguments, noun } = spot;
  if (option !== undefined) return valuesOf(option, spot);
  if (word.startsWith('-') && !isOnlyArguments) return { kind: 'words', words: optionsFor(spot) };
  if (noun !== undefined) return { kind: 'words', words: secondWords(noun, commands) };
  if (spec !== undefined) return argumentsFor(spec, spot);
  if (spot.args.length === 0 && !spot.isHelp) return { kind: 'words', words: firstWords(commands) };
  return spot.isHelp ? { kind: 'words', words: [...topics(), ...firstWords(commands)] } : NOTHING;
}

function valuesOf({ flags, choices, kind }: OptionSpec, spot: Spot): Candidates {
  if (choices !== undefined) return words(choices, spot);
  if (kind === 'boolean') return words(['true', 'false'], spot);
  const name = /[<[]([\w-]+)/u.exec(flags)?.[1] ?? '';
  if (longName(flags)?.endsWith('platform') === true) return words(PLATFORMS, spot);
  return KINDS[name] === undefined ? NOTHING : { kind: KINDS[name] };
}

function optionsFor({ spec, given }: Spot): readonly Candidate[] {
  const used = new Set(given.map(({ option }) => option.flags));
  return (spec === undefined ? GLOBAL_FLAGS : flagsOf(spec))
    .filter(({ hidden, kind, flags }) => hidden !== true && (kind === 'list' || !used.has(flags)))
    .flatMap(({ flags, summary }) => {
      const value = longName(flags);
      return value === undefined ? [] : [{ value, description: summary }];
    })
    .concat({ value: '--help', description: 'show the options' });
}

/** A command of two words is offered word by word. */
function firstWords(commands: readonly CommandSpec[]): readonly Candidate[] {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const single = shown.filter(({ name }) => !name.includes(' '));
  const nouns = new Set(
    shown.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : [])),
  );
  for (const { name } of single) nouns.delete(name);
  return [
    ...single.flatMap(({ name, aliases = [], summary }) =>
      [name, ...aliases.filter((alias) => !alias.includes(' '))].map((value) => ({
        value,
        description: summary,
      })),
    ),
    ...[...nouns].map((value = '') => ({ value })),
    { value: 'help', description: 'explain a command or a topic' },
  ];
}

function secondWords(noun: string, commands: readonly CommandSpec[]): readonly Candidate[] {
  return commands
    .filter(({ name, hidden }) => hidden !== true && name.startsWith(`${noun} `))
    .map(({ name, summary }) => ({ value: name.slice(noun.length + 1), description: summary }));
}

const topics = (): readonly Candidate[] =>
  TOPICS.map(({ name, heading }) => ({ value: name, description: heading }));

function argumentsFor(spec: CommandSpec, { args }: Spot): Candidates {
  const arg =
    spec.args[args.length] ?? (spec.args.at(-1)?.variadic === true ? spec.args.at(-1) : undefined);
  if (arg === undefined) return NOTHING;
  if (arg.choices !== undefined)
    return { kind: 'words', words: arg.choices.map((value) => ({ value })) };
  const kind = KINDS[arg.name];
  return kind === undefined ? NOTHING : { kind };
}
