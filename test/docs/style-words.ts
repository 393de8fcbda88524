/** Words and phrases that the texts of regctl do without; docs and messages use plainer ones. */
export const FORBIDDEN: readonly RegExp[] = [
  /\b(?:alone|anew|besides?|mend(?:s|ed|ing)?|cures?|in force|unasked|heed(?:s|ed)?|look-ups?|user names?|pass phrases?|folders?|flags?|allowances?|whoever)\b/giu,
  /\b(?:(?:organ|recogn|normal|initial|optim|summar|author|synchron)is(?:e[sd]?|ing|ation)|colours?|behaviour|learnt|cancelled|catalogues?)\b/giu,
  /(?<!left )\bbehind\b(?! (?:an?|the|your) (?:\w+ )?(?:proxy|firewall|gateway|load balancer))/giu,
  /\btak(?:e|es|en|ing)\b[^.;|]{0,80}\balong\b/giu,
  /\blets? go of\b/giu,
  /\bpass(?:es|ed)? over\b/giu,
  /\bstands? in for\b/giu,
  /\bdo(?:es)? for an? /giu,
  /\bwill do\b/giu,
  /\bin mid-/giu,
  /\bsign(?:s|ed|ing)? (?:in|out)\b/giu,
  /\b(?:every|any|some|no)body\b/giu,
  /\bbr(?:eaks?|oke|oken) off\b/giu,
  /\bon the way\b/giu,
  /\banswers? so\b/giu,
  /\bas (?:it|they) (?:is|are)(?= ?[.,;:)|]|$)/giu,
  /\bof (?:before|then)\b/giu,
  /\ba (?:small |large )?content\b|\bcontents of\b/giu,
  /\bin (?:the )?place of\b/giu,
  /\b(?:is|are) told\b/giu,
];

/** Words to think twice about. */
export const DOUBTFUL: readonly RegExp[] = [
  /\bwhere\b/giu,
  /\bof (?:its|your|their) own\b/giu,
  /\b(?:tells?|told)\b/giu,
  /\b(?:will|would|shall)\b/giu,
  /\b(?:now|new|currently|simply|just|easily)\b/giu,
  /\b(?:never|nothing|every)\b/giu,
];

/** Prose of a Markdown page: without fences, code, link targets, URLs and short quotes. */
export function proseOf(markdown: string): string {
  return markdown
    .replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1$/gmu, '')
    .replace(/`[^`\n]*`/gu, '')
    .replace(/\]\([^)]*\)/gu, ']')
    .replace(/https?:\/\/\S+/gu, '')
    .replace(/"[^"\n]{1,60}"/gu, '');
}

/** "word" for each match. */
export function findWords(text: string, words: readonly RegExp[]): readonly string[] {
  return words.flatMap((word) => text.match(word) ?? []);
}
