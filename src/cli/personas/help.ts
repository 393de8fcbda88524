import { longName } from './tables.ts';
import type { OptionRules, Persona, Verb } from './types.ts';

/** The verbs of a tool, each with our command for it. */
export function personaHelp(persona: Persona): string {
  const rows = persona.verbs.map(({ words, to }) => [words, `regctl ${to.join(' ')}`] as const);
  return sections([
    [`Usage: ${persona.name} COMMAND [options] [arguments]`],
    [`regctl, which takes the lines of ${persona.name}.`],
    ['Commands, and the one of regctl that runs:', ...columns(rows)],
    ['Options of every command:', ...optionRows(persona.options)],
    [`regctl's own commands, with all that they can do: regctl --help`],
  ]);
}

export function verbHelp(persona: Persona, verb: Verb): string {
  const ours = `regctl ${verb.to.join(' ')}`;
  return sections([
    [`Usage: ${persona.name} ${verb.words} [options] [arguments]`],
    [`Runs \`${ours}\`; \`${ours} --help\` explains it.`],
    ['Options:', ...optionRows(verb.options)],
    ['Options of every command:', ...optionRows(persona.options)],
  ]);
}

function optionRows(options: OptionRules): readonly string[] {
  return columns(
    Object.entries(options).map(([spelling, rule]) => {
      if (typeof rule === 'function') return [spelling, ''];
      if (typeof rule === 'string') return [spelling, rule === longName(spelling) ? '' : rule];
      if ('ignored' in rule) return [spelling, `no effect: ${rule.ignored}`];
      if ('refused' in rule) return [spelling, `not taken: ${rule.refused}`];
      return [spelling, rule.join(' ')];
    }),
  );
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

function sections(parts: readonly (readonly string[])[]): string {
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}
