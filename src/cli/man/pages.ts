import { VERSION } from '../../client/version.ts';
import type { CommandGroup } from '../../commands/index.ts';
import type { CommandSpec, OptionSpec } from '../../commands/types.ts';
import { GLOBAL_FLAGS, sharedFlags } from '../args/flags.ts';
import { optionUsage, optionSummary, usageLine } from '../args/help.ts';
import { TOPICS, type Topic, type TopicRow } from '../args/topics.ts';
import { literal, manPage, roff, term, type Section } from './roff.ts';

/** A page and the name of its file: "regctl-copy.1". */
export interface ManFile {
  readonly file: string;
  readonly text: string;
}

/** The manual, from the table of commands and the topics of the help. */
export function manPages(groups: readonly CommandGroup[]): readonly ManFile[] {
  const commands = groups.flatMap((group) => group.commands).filter(isShown);
  return [
    { file: 'regctl.1', text: programPage(groups) },
    ...commands.map((spec) => ({ file: `${pageName(spec)}.1`, text: commandPage(spec) })),
    ...TOPICS.map((topic) => ({ file: `regctl-${topic.name}.7`, text: topicPage(topic) })),
  ];
}

const isShown = ({ hidden }: { readonly hidden?: boolean }): boolean => hidden !== true;

/** "regctl-index-create" */
const pageName = ({ name }: CommandSpec): string => `regctl-${name.replaceAll(' ', '-')}`;

const rows = (list: readonly TopicRow[]): readonly string[] =>
  list.flatMap(([words, meaning]) => term(words, meaning));

const options = (specs: readonly OptionSpec[]): readonly string[] =>
  specs.filter(isShown).flatMap((spec) => term(optionUsage(spec), optionSummary(spec)));

function programPage(groups: readonly CommandGroup[]): string {
  const head = { name: 'regctl', section: 1, version: VERSION } as const;
  const summary = 'inspect, copy and clean up images in container registries';
  return manPage({ ...head, summary }, [
    {
      heading: 'Synopsis',
      lines: [`\\fBregctl\\fR ${roff('[options] COMMAND [options] [arguments]')}`],
    },
    ...groups.map(({ heading, commands }) => ({
      heading,
      lines: commands
        .filter(isShown)
        .flatMap((spec) =>
          term(
            [spec.name, ...(spec.aliases ?? [])].join(', '),
            `${spec.summary}; see ${pageName(spec)}(1)`,
          ),
        ),
    })),
    { heading: 'Options', lines: options(GLOBAL_FLAGS) },
    EXIT_STATUS,
    seeAlso(TOPICS.map(({ name }) => `regctl-${name}(7)`)),
  ]);
}

function commandPage(spec: CommandSpec): string {
  const { description, args, examples, aliases = [], options: own } = spec;
  const headings = [...new Set(own.map(({ group }) => group ?? 'Options'))];
  const usage = usageLine(spec).replace(/^Usage: /u, '');
  return manPage(
    { name: pageName(spec), section: 1, version: VERSION, summary: lower(spec.summary) },
    [
      { heading: 'Synopsis', lines: [`\\fB${roff(usage)}\\fR`] },
      {
        heading: 'Description',
        lines: [
          roff(description ?? `${spec.summary}.`),
          ...(aliases.length === 0 ? [] : ['.PP', roff(`Alias: ${aliases.join(', ')}.`)]),
        ],
      },
      {
        heading: 'Arguments',
        lines: args.flatMap(({ name, summary }) => term(name.toUpperCase(), summary)),
      },
      ...headings.map((heading) => ({
        heading: heading === 'Options' ? heading : `Options: ${heading}`,
        lines: options(own.filter(({ group }) => (group ?? 'Options') === heading)),
      })),
      { heading: 'Shared options', lines: options(sharedFlags(spec)) },
      {
        heading: 'Examples',
        lines: examples.flatMap(({ command, description: what }) => [
          ...(what === '' ? [] : ['.PP', roff(`${what}:`)]),
          ...literal([command]),
        ]),
      },
      EXIT_STATUS,
      seeAlso(['regctl(1)', 'regctl-image-names(7)', 'regctl-credentials(7)', 'regctl-output(7)']),
    ],
  );
}

function topicPage({ name, heading, intro, tables, end }: Topic): string {
  return manPage(
    { name: `regctl-${name}`, section: 7, version: VERSION, summary: lower(heading) },
    [
      { heading: 'Description', lines: [roff(intro ?? `${heading}.`)] },
      ...tables.map((table) => ({
        heading: table.heading,
        lines: table.rows === undefined ? options(table.options ?? []) : rows(table.rows),
      })),
      { heading: 'Notes', lines: end === undefined ? [] : [roff(end)] },
      seeAlso(['regctl(1)']),
    ],
  );
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const EXIT_STATUS: Section = {
  heading: 'Exit status',
  lines: rows(TOPICS.find(({ name }) => name === 'exit-statuses')?.tables[0]?.rows ?? []),
};

const seeAlso = (pages: readonly string[]): Section => ({
  heading: 'See also',
  lines: [
    pages
      .map((page) =>
        page.replace(
          /^(.*)(\(\d\))$/u,
          (_all, name: string, section: string) => `\\fB${roff(name)}\\fR${section}`,
        ),
      )
      .join(', '),
  ],
});
