import type { OptionSpec } from '../types.ts';

/** Options of `push` and `attach`. */
export const PUBLISH_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '-a, --annotation <key=value>',
    summary: 'annotate the manifest (repeatable)',
    kind: 'list',
  },
  {
    flags: '--annotation-file <file>',
    summary: 'annotations of manifest, configuration and files (JSON)',
    kind: 'string',
  },
  {
    flags: '--export-manifest <file>',
    summary: 'also write the manifest to FILE',
    kind: 'string',
  },
  {
    flags: '--disable-path-validation',
    summary: 'allow absolute paths as names',
    kind: 'flag',
    hidden: true,
  },
];
