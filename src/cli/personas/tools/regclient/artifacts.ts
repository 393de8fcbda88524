import type { OptionRules, Verb } from '../../types.ts';
import { format, isRaw, names, PLATFORM } from './options.ts';

const list: OptionRules = {
  ...PLATFORM,
  '--filter-artifact-type <type>': '--type',
  '--filter-annotation <pair>': { refused: 'Filter the JSON: regctl referrers -o json IMAGE' },
  '--digest-tags': { ignored: 'tags named after the digest are always listed' },
  '--external <repository>': { refused: 'Ask there: regctl referrers REPOSITORY@DIGEST' },
  '--latest': { refused: 'Take the newest: regctl referrers --get TYPE --latest IMAGE' },
  '--sort-annotation <name>': { refused: 'Sort the JSON: regctl referrers -o json IMAGE' },
  '--sort-desc': { ignored: 'needs --sort-annotation' },
  '--format <template>': format,
};

/** The noun `artifact`. */
export const ARTIFACT_VERBS: readonly Verb[] = [
  {
    words: 'artifact list',
    aliases: ['artifact ls'],
    to: ['referrers', '--depth=1'],
    options: list,
    args: names,
    defaults: (line) => (isRaw(line) ? ['--json-form=index'] : []),
  },
  { words: 'artifact tree', to: ['referrers'], options: list, args: names },
];
