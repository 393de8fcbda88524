import { same } from '../../tables.ts';
import type { Verb } from '../../types.ts';
import { anchored, blobName, FORMAT, isLayout, names } from './options.ts';

const listTags: Omit<Verb, 'words'> = {
  to: ['tags'],
  options: {
    ...FORMAT,
    ...same('--limit <n>', '--last <name>'),
    '--include <regex>': anchored('--include'),
    '--exclude <regex>': anchored('--exclude'),
  },
  args: names,
  defaults: ({ args: [name = ''] }) => (isLayout(name) ? ['--sort=name'] : []),
};

const removeTag: Omit<Verb, 'words'> = {
  to: ['delete', '--untag'],
  options: same('--ignore-missing'),
  args: names,
  defaults: () => ['--yes'],
  prints: () => ({ nothing: true }),
};

/** The nouns `tag`, `repo` and `blob`. */
export const REPOSITORY_VERBS: readonly Verb[] = [
  { words: 'tag ls', aliases: ['tag list'], ...listTags },
  { words: 'tag rm', aliases: ['tag delete', 'tag del'], ...removeTag },
  {
    words: 'repo ls',
    aliases: ['repo list'],
    to: ['catalog'],
    options: {
      ...FORMAT,
      ...same('--limit <n>', '--last <name>'),
      '--include <regex>': anchored('--include'),
      '--exclude <regex>': anchored('--exclude'),
    },
  },
  {
    words: 'repo copy',
    aliases: ['repo cp'],
    to: ['copy', '--all-tags'],
    options: {
      ...same('--referrers', '--digest-tags'),
      '--include <regex>': anchored('--include'),
      '--exclude <regex>': anchored('--exclude'),
      '--new-tags': '--missing',
      // Below 1 is no limit.
      '--concurrent <n>': (value) => (Number(value) < 1 ? [] : [`--concurrency=${value}`]),
    },
    args: names,
    prints: () => ({ nothing: true }),
  },
  {
    words: 'blob get',
    to: ['blob'],
    options: { ...FORMAT, '--media-type <type>': { ignored: 'a blob is what its digest says' } },
    args: blobName,
  },
  { words: 'blob head', to: ['blob', '--head'], options: FORMAT, args: blobName },
  {
    words: 'blob put',
    to: ['blob-put'],
    options: {
      ...FORMAT,
      ...same('--digest <digest>'),
      '--content-type <type>': { ignored: 'a blob has no type of its own' },
    },
    args: names,
  },
  { words: 'blob copy', aliases: ['blob cp'], to: ['blob-copy'], options: {}, args: names },
];
