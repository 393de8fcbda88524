import type { ArgumentSpec, CommandSpec, OptionSpec } from '../../commands/types.ts';
import type { CommandGroup } from '../../commands/index.ts';
import { TOPICS, type TopicRow } from './topics.ts';
import { wrap } from '../../commands/output/width.ts';
import { shortName, usedGroups } from './flags.ts';

const MAX_WIDTH = 100;

/** Renders `regctl --help`. `columns` is the width of the terminal. */
export function programHelp(groups: readonly CommandGroup[], columns: number): string {
  const width = Math.min(columns, MAX_WIDTH);
  return sections([
    ['Inspect, copy and clean up images in container registries'],
    ['Usage: regctl [options] COMMAND [options] [arguments]'],
    ...groups.map(({ heading, commands }) => {
      const shown = commands.filter(({ hidden }) => hidden !== true);
      return table(heading, shown.map(commandRow), width);
    }),
    table('Help', HELP_ROWS, width),
  ]);
}

const HELP_ROWS: readonly TopicRow[] = [
  ['regctl help COMMAND', 'a command, with examples'],
  ['regctl help topics', 'image names, credentials, exit statuses and more'],
  ['regctl --as TOOL --help', 'lines of skopeo, crane, oras or podman'],
];

/** Renders `regctl help TOPIC`; `undefined` if there is no such topic. */
export function topicHelp(name: string, columns: number): string | undefined {
  const width = Math.min(columns, MAX_WIDTH);
  if (name === 'topics') return sections([table('Topics', topicRows(), width)]);
  const topic = TOPICS.find((one) => one.name === name);
  if (topic === undefined) return undefined;
  const { heading, intro, tables, end } = topic;
  return sections([
    [heading],
    intro === undefined ? [] : wrap(intro, width),
    ...tables.map((one) => table(one.heading, one.rows ?? optionRows(one.options ?? []), width)),
    end === undefined ? [] : wrap(end, width),
  ]);
}

const topicRows = (): readonly TopicRow[] =>
  TOPICS.map(({ name, summary }) => [`regctl help ${name}`, summary]);

/** Renders `regctl COMMAND --help`. */
export function commandHelp(spec: CommandSpec, columns: number): string {
  const width = Math.min(columns, MAX_WIDTH);
  const aliases = spec.aliases ?? [];
  const alias = aliases.length === 0 ? '' : `  (alias: ${aliases.join(', ')})`;
  return sections([
    [spec.summary],
    wrap(`${usageLine(spec)}${alias}`, width),
    spec.description === undefined ? [] : wrap(spec.description, width),
    table(
      'Arguments',
      spec.args.map((arg) => [arg.name.toUpperCase(), arg.summary]),
      width,
    ),
    ...optionTables(spec, width),
    examples(spec),
    [
      ...wrap(`Also: options for ${sharedGroups(spec)} (regctl help options)`, width),
      ...wrap('More: regctl help image-names, regctl help exit-statuses', width),
    ],
  ]);
}

/** Renders `regctl WORD --help` for the first word of commands of two words. */
export function groupHelp(word: string, members: readonly CommandSpec[], columns: number): string {
  const width = Math.min(columns, MAX_WIDTH);
  return sections([
    [`Usage: regctl ${word} COMMAND [options] [arguments]`],
    table('Commands', members.map(commandRow), width),
    wrap(`More about one of them: regctl help ${word} COMMAND`, width),
  ]);
}

function optionTables(spec: CommandSpec, width: number): readonly (readonly string[])[] {
  const headings = [...new Set(spec.options.map(({ group }) => group ?? 'Options'))];
  return headings.map((heading) => {
    const own = spec.options.filter(({ group }) => (group ?? 'Options') === heading);
    return table(heading, optionRows(own), width);
  });
}

/** "login, TLS and output", with a note about sides if the command has them. */
function sharedGroups(spec: CommandSpec): string {
  const names = usedGroups(spec).map(({ id }) =>
    id === 'tls' ? 'TLS' : id === 'files' ? 'login file' : id,
  );
  const last = names.at(-1) ?? '';
  const list = names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
  return spec.hasSourceAndDestination === true ? `${list}, also as --src-… and --dest-…` : list;
}

/** The usage line: `regctl copy` with its options and arguments. */
export function usageLine(spec: CommandSpec): string {
  const args = spec.args.map((arg) => {
    const name = `${arg.name.toUpperCase()}${arg.variadic === true ? '…' : ''}`;
    return arg.required ? name : `[${name}]`;
  });
  return ['Usage: regctl', spec.name, '[options]', ...args].join(' ');
}

/** An argument in commander's syntax. */
export function argumentUsage({ name, required, variadic }: ArgumentSpec): string {
  const word = variadic === true ? `${name}...` : name;
  return required ? `<${word}>` : `[${word}]`;
}

function commandRow(spec: CommandSpec): readonly [string, string] {
  return [[spec.name, ...(spec.aliases ?? [])].join(', '), spec.summary];
}

export function optionRows(specs: readonly OptionSpec[]): readonly TopicRow[] {
  return specs
    .filter((spec) => spec.hidden !== true)
    .map((spec) => {
      const indentLong = shortName(spec.flags) === undefined ? '    ' : '';
      return [`${indentLong}${optionUsage(spec)}`, optionSummary(spec)];
    });
}

/** "-o, --output FORMAT" */
export function optionUsage({ flags }: OptionSpec): string {
  return flags
    .replace(' [bool]', '[=false]')
    .replace(/<([^>]*)>/u, (_whole, value: string) => value.toUpperCase());
}

/** The summary, with the choices that it does not name. */
export function optionSummary(spec: OptionSpec): string {
  const missing = (spec.choices ?? []).filter((choice) => !spec.summary.includes(choice));
  return missing.length === 0
    ? spec.summary
    : `${spec.summary} (${(spec.choices ?? []).join(', ')})`;
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
  const left = Math.min(30, Math.max(...rows.map(([name]) => name.length))) + 2;
  const lines = rows.flatMap(([name, says]) => {
    const [first = '', ...rest] = wrap(says, Math.max(20, width - left - 2));
    const tail = rest.map((line) => `  ${' '.repeat(left)}${line}`);
    return name.length + 2 > left
      ? [`  ${name}`, `  ${' '.repeat(left)}${first}`, ...tail]
      : [`  ${name.padEnd(left)}${first}`, ...tail];
  });
  return [`${heading}:`, ...lines];
}

function sections(parts: readonly (readonly string[])[]): string {
  const filled = parts.filter((part) => part.length > 0);
  return `${filled.map((part) => part.join('\n')).join('\n\n')}\n`;
}
