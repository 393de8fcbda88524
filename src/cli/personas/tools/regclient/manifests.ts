import { same } from '../../tables.ts';
import type { Verb } from '../../types.ts';
import { digestOrForced, FORMAT, names, PLATFORM } from './options.ts';

export const remove: Omit<Verb, 'words'> = {
  to: ['delete'],
  options: {
    ...same('--ignore-missing'),
    '--force-tag-dereference': '--force',
    '--referrers': { ignored: 'what refers to it is named in any case' },
  },
  args: digestOrForced,
  defaults: () => ['--yes', '--quiet'],
  prints: () => ({ nothing: true }),
};

/** Without a template, regclient prints text for people. */
export const getManifest: Omit<Verb, 'words'> = {
  to: ['manifest'],
  toFor: (line) => (line.has('format') ? ['manifest'] : ['inspect', '--no-tags', '--output=text']),
  options: {
    ...FORMAT,
    ...PLATFORM,
    '--require-list': { ignored: 'an index is printed unchanged' },
  },
  args: names,
};

export const digest: Omit<Verb, 'words'> = {
  to: ['digest'],
  options: {
    ...FORMAT,
    ...PLATFORM,
    '--require-digest': { ignored: 'a digest that the answer lacks is always computed' },
    '--require-list': { ignored: 'the digest is that of what the name points at' },
    '--list': { ignored: 'the digest is that of what the name points at' },
  },
  args: names,
};

/** The noun `manifest`. */
export const MANIFEST_VERBS: readonly Verb[] = [
  { words: 'manifest digest', aliases: ['manifest head'], ...digest },
  { words: 'manifest get', ...getManifest },
  {
    words: 'manifest put',
    to: ['manifest-put'],
    options: {
      ...FORMAT,
      ...same('-t, --content-type <type>'),
      '--by-digest': { refused: 'Name the digest: regctl manifest put REPOSITORY@DIGEST' },
    },
    args: names,
    prints: (line) => (line.has('format') ? {} : { nothing: true }),
  },
  { words: 'manifest delete', aliases: ['manifest rm', 'manifest del'], ...remove },
];
