import type { CommandGroup } from '../../commands/index.ts';
import type { CommandSpec } from '../../commands/types.ts';
import { commandHelp } from '../args/help.ts';

/** A page of docs/commands and the name of its file: "copy.md". */
export interface MarkdownFile {
  readonly file: string;
  readonly text: string;
}

const GENERATED = '<!-- Generated from the table of commands by `npm run docs`. Do not edit. -->';

/** Columns of the help in a page. */
const WIDTH = 80;

/** The pages of docs/commands: one for each command, and a list of them. */
export function commandPages(groups: readonly CommandGroup[]): readonly MarkdownFile[] {
  const shown = groups
    .map(({ heading, commands }) => ({ heading, commands: commands.filter(isShown) }))
    .filter(({ commands }) => commands.length > 0);
  return [
    { file: 'README.md', text: listPage(shown) },
    ...shown.flatMap(({ commands }) =>
      commands.map((spec) => ({ file: fileOf(spec), text: commandPage(spec) })),
    ),
  ];
}

const isShown = ({ hidden }: CommandSpec): boolean => hidden !== true;

/** "index-create.md" */
const fileOf = ({ name }: CommandSpec): string => `${name.replaceAll(' ', '-')}.md`;

function listPage(groups: readonly CommandGroup[]): string {
  const lists = groups.flatMap(({ heading, commands }) => [
    `## ${heading}`,
    '',
    ...commands.map((spec) => `- [${spec.name}](${fileOf(spec)}): ${spec.summary}`),
    '',
  ]);
  return [GENERATED, '', '# Commands', '', ...lists].join('\n');
}

function commandPage(spec: CommandSpec): string {
  return [
    GENERATED,
    '',
    `# regctl ${spec.name}`,
    '',
    '```text',
    commandHelp(spec, WIDTH).trimEnd(),
    '```',
    '',
    'Fields of JSON: [Output](../reference/output.md). Exit statuses: [Errors](../reference/errors.md). All commands: [Commands](README.md).',
    '',
  ].join('\n');
}
