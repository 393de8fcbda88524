/**
 * The nouns of regclient's `regctl`, which its users bring under our own name, and their verbs. A word
 * of ours keeps its meaning before any other: `tag IMAGE TAG`, `manifest IMAGE`.
 */
const NOUNS: Readonly<Record<string, RegExp>> = {
  image:
    /^(?:copy|cp|digest|inspect|config|manifest|export|import|delete|rm|ratelimit|mod|create|check-base|get-file|cat)$/u,
  manifest: /^(?:get|head|digest|put|delete|del|rm|diff)$/u,
  tag: /^(?:ls|list|rm|delete|del)$/u,
  repo: /^(?:ls|list|copy|cp)$/u,
  blob: /^(?:get|head|put|copy|cp|delete|diff-config|diff-layer|get-file)$/u,
  artifact: /^(?:get|put|list|tree)$/u,
  index: /^(?:create|add|delete)$/u,
  registry: /^(?:login|logout|whoami|set|config)$/u,
  config: /^(?:get|set)$/u,
};

/** Whether a line may be one of regclient's: a noun and a verb stand next to each other. */
export function hasNoun(argv: readonly string[]): boolean {
  return argv.some((word, at) => NOUNS[word]?.test(argv[at + 1] ?? '') === true);
}
