import type { ArgumentSpec, CommandSpec, OptionSpec } from '../../commands/types.ts';
import type { CommandGroup } from '../../commands/index.ts';
import { wrap } from '../../commands/output/width.ts';
import { FLAG_GROUPS, SIDE_FLAGS, longName, shortName } from './flags.ts';

const MAX_WIDTH = 100;

const EXIT_STATUSES: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'failed: network, server, authentication, input or output'],
  ['2', 'the image, tag or repository does not exist'],
  ['3', 'refused by a safety rule or a threshold'],
  ['4', 'rate-limited, after retries'],
  ['5', 'integrity: wrong digest or size, corrupt archive'],
  ['64', 'wrong usage'],
  ['130, 143', 'interrupted, terminated'],
];

/** Spellings of image names; a test holds them against the table of transports. */
export const IMAGE_NAMES: readonly (readonly [string, string])[] = [
  ['busybox, ghcr.io/o/a:1', 'an image of a registry, with the defaults of Docker'],
  ['docker://REF', 'the same, as skopeo spells it'],
  ['oci:DIR[:NAME|@DIGEST]', 'an OCI layout directory'],
  ['oci-archive:FILE[:TAG]', 'such a layout in a tar; - is stdin or stdout'],
  ['docker-archive:FILE[:NAME]', 'what docker save writes; :@0 is its first image'],
  ['dir:DIR', 'a flat folder of one image, as skopeo writes it'],
  ['docker-daemon:NAME[:TAG]', 'an image of the Docker daemon'],
  ['containers-storage:NAME[:TAG]', 'an image of podman and Buildah'],
];

/** `regctl --help`. `columns`: width of the terminal. */
export function programHelp(groups: readonly CommandGroup[], columns: number): string {
  const width = Math.min(columns, MAX_WIDTH);
  return sections([
    ['Usage: regctl [flags] COMMAND [flags] [arguments]'],
    ['Looks into, copies and tidies container registries.'],
    ...groups.map((group) => table(group.heading, group.commands.map(commandRow), width)),
    table('Image names', IMAGE_NAMES, width),
    ...FLAG_GROUPS.map((group) =>
      table(`${group.heading} flags of every command`, optionRows(group.flags), width),
    ),
    table('Exit statuses', EXIT_STATUSES, width),
    ['`regctl help COMMAND` says more about a command and gives examples.'],
  ]);
}

/** `regctl COMMAND --help`. */
export function commandHelp(spec: CommandSpec, columns: number): string {
  const width = Math.min(columns, MAX_WIDTH);
  const aliases = spec.aliases ?? [];
  return sections([
    [usageLine(spec)],
    wrap(spec.description ?? `${spec.summary}.`, width),
    aliases.length === 0 ? [] : [`Also called: ${aliases.join(', ')}`],
    table(
      'Arguments',
      spec.args.map((arg) => [arg.name.toUpperCase(), arg.summary]),
      width,
    ),
    table('Options', optionRows(spec.options), width),
    [
      'Flags of every command (regctl --help explains them):',
      ...indent(wrap(sharedNames(spec), width - 2)),
    ],
    examples(spec),
    table('Exit statuses', EXIT_STATUSES, width),
  ]);
}

/** The first line: `regctl copy` with its options and arguments. */
export function usageLine(spec: CommandSpec): string {
  const args = spec.args.map((arg) => {
    const name = `${arg.name.toUpperCase()}${arg.variadic === true ? '…' : ''}`;
    return arg.required ? name : `[${name}]`;
  });
  return ['Usage: regctl', spec.name, '[flags]', ...args].join(' ');
}

/** As commander takes it. */
export function argumentUsage({ name, required, variadic }: ArgumentSpec): string {
  const word = variadic === true ? `${name}...` : name;
  return required ? `<${word}>` : `[${word}]`;
}

function commandRow(spec: CommandSpec): readonly [string, string] {
  return [[spec.name, ...(spec.aliases ?? [])].join(', '), spec.summary];
}

function optionRows(specs: readonly OptionSpec[]): readonly (readonly [string, string])[] {
  return specs
    .filter((spec) => spec.hidden !== true)
    .map((spec) => {
      const indentLong = shortName(spec.flags) === undefined ? '    ' : '';
      const flags = spec.flags.replace(' [bool]', '[=false]');
      return [`${indentLong}${flags}`, withChoices(spec)];
    });
}

function withChoices(spec: OptionSpec): string {
  const missing = (spec.choices ?? []).filter((choice) => !spec.summary.includes(choice));
  return missing.length === 0
    ? spec.summary
    : `${spec.summary} (${(spec.choices ?? []).join(', ')})`;
}

function sharedNames(spec: CommandSpec): string {
  const own = new Set(spec.options.map((option) => longName(option.flags)));
  const names = FLAG_GROUPS.flatMap((group) => group.flags)
    .filter((flag) => flag.hidden !== true)
    .map((flag) => longName(flag.flags))
    .filter((name) => !own.has(name));
  const sides =
    spec.hasSourceAndDestination === true ? SIDE_FLAGS.map((flag) => longName(flag.flags)) : [];
  return [...names, ...sides].join(' ');
}

function examples(spec: CommandSpec): readonly string[] {
  if (spec.examples.length === 0) return [];
  return [
    'Examples:',
    ...spec.examples.flatMap(({ command, description }) => [`  # ${description}`, `  ${command}`]),
  ];
}

type Rows = readonly (readonly [string, string])[];

function table(heading: string, rows: Rows, width: number): readonly string[] {
  if (rows.length === 0) return [];
  const left = Math.min(32, Math.max(...rows.map(([name]) => name.length))) + 2;
  const lines = rows.flatMap(([name, says]) => {
    const [first = '', ...rest] = wrap(says, Math.max(20, width - left - 2));
    const tail = rest.map((line) => `  ${' '.repeat(left)}${line}`);
    return name.length + 2 > left
      ? [`  ${name}`, `  ${' '.repeat(left)}${first}`, ...tail]
      : [`  ${name.padEnd(left)}${first}`, ...tail];
  });
  return [`${heading}:`, ...lines];
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function sections(parts: readonly (readonly string[])[]): string {
  const filled = parts.filter((part) => part.length > 0);
  return `${filled.map((part) => part.join('\n')).join('\n\n')}\n`;
}
