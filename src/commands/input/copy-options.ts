import type { OptionSpec } from '../types.ts';

/** Options that `copy` and `sync` share. */
export const COPY_OPTIONS = {
  newest: {
    flags: '--newest <n>',
    summary: 'copy only the N newest tags or versions',
    kind: 'integer',
  },
  missing: { flags: '--missing', summary: 'copy only tags that are not there', kind: 'flag' },
  referrers: {
    flags: '--referrers',
    summary: 'also copy signatures, SBOMs and attestations',
    kind: 'flag',
  },
  digestTags: {
    flags: '--digest-tags',
    summary: 'also copy tags such as sha256-….sig',
    kind: 'flag',
  },
  allowNondistributable: {
    flags: '--allow-nondistributable',
    summary: 'also copy foreign layers (Windows base layers)',
    kind: 'flag',
  },
  format: {
    flags: '-f, --format <format>',
    summary: 'convert manifests to oci or v2s2',
    kind: 'string',
    choices: ['oci', 'v2s2'],
  },
  preserveDigests: {
    flags: '--preserve-digests',
    summary: 'fail if a digest would change',
    kind: 'flag',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Puts options under one heading of the help. */
export function grouped(group: string, ...options: readonly OptionSpec[]): readonly OptionSpec[] {
  return options.map((option) => ({ ...option, group }));
}
