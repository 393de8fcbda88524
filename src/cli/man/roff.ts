import { RELEASED } from '../../client/version.ts';

/** Escapes text for roff: what is text to a reader must be no command to groff or mandoc. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll("'", String.raw`\(aq`)
    .replaceAll('`', String.raw`\(ga`)
    .replaceAll('^', String.raw`\(ha`)
    .replaceAll('~', String.raw`\(ti`)
    .replaceAll(/[^\0-\x7f]/gu, (letter) => {
      const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `\\[u${code}]`;
    })
    .replaceAll(/^\./gmu, String.raw`\&.`);
}

/** A heading of the first level; `sections` joins those that have a body. */
export interface Section {
  readonly heading: string;
  readonly lines: readonly string[];
}

export interface Head {
  readonly name: string;
  readonly section: 1 | 7;
  readonly summary: string;
  readonly version: string;
}

/** A page in the macros of man(7), which groff and mandoc know. */
export function manPage(
  { name, section, summary, version }: Head,
  sections: readonly Section[],
): string {
  const title = `.TH "${roff(name.toUpperCase())}" "${section}" "${RELEASED}" "regctl ${roff(version)}" "regctl manual"`;
  return [
    title,
    // No word is divided: an option must be found by a search.
    '.nh',
    '.SH NAME',
    `${roff(name)} \\- ${roff(summary)}`,
    ...sections
      .filter(({ lines }) => lines.length > 0)
      .flatMap(({ heading, lines }) => [
        `.SH ${heading.toUpperCase()}`,
        // A section begins with a paragraph of its own.
        ...(lines[0] === '.PP' ? lines.slice(1) : lines),
      ]),
    '',
  ].join('\n');
}

/** A term in bold and what it means. */
export function term(words: string, meaning: string): readonly string[] {
  return ['.TP', `\\fB${roff(words)}\\fR`, roff(meaning)];
}

/** Lines as they are typed. */
export function literal(lines: readonly string[]): readonly string[] {
  return ['.PP', '.RS 4', '.nf', ...lines.map(roff), '.fi', '.RE'];
}
