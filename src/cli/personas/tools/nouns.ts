/**
 * The nouns of regclient's `regctl` and their verbs, which its users type under our shared name. Our own
 * commands take precedence: `tag IMAGE TAG`, `manifest IMAGE`.
 */
const NOUNS: Readonly<Record<string, RegExp>> = {
  image:
    /^(?:copy|cp|digest|inspect|config|manifest|export|import|delete|rm|ratelimit|mod|create|check-base|get-file|cat)$/u,
  manifest: /^(?:get|head|digest|put|delete|del|rm|diff)$/u,
  tag: /^(?:ls|list|rm|delete|del)$/u,
  repo: /^(?:ls|list|copy|cp)$/u,
  blob: /^(?:get|head|put|copy|cp|delete|diff-config|diff-layer|get-file)$/u,
  artifact: /^(?:get|put|list|ls|tree)$/u,
  index: /^(?:create|add|delete)$/u,
  registry: /^(?:login|logout|whoami|set|config)$/u,
  config: /^(?:get|set)$/u,
  // Followed by a name or an option.
  ref: /^/u,
};

/** Whether a line may be regclient's: one of its nouns followed by one of its verbs. */
export function hasNoun(argv: readonly string[]): boolean {
  return argv.some((word, at) => NOUNS[word]?.test(argv[at + 1] ?? '') === true);
}
