import { AppError } from '../../../../errors/app-error.ts';
import { same } from '../../tables.ts';
import type { Line, Verb } from '../../types.ts';
import { image, REMOTE } from './options.ts';

const OUTPUT = { refused: 'Read it afterwards: regctl manifest NAME > FILE' };

/** `NAME:TAG,TAG SOURCE…`: sources are tags and digests of the same repository. */
function indexNames(line: Line): readonly string[] {
  const [name = '', ...sources] = image(line);
  const [first = ''] = name.split(',');
  return [first, ...sources.map((source) => inRepository(first, source))];
}

const otherTags = ({ args: [name = ''] }: Line): readonly string[] =>
  name
    .split(',')
    .slice(1)
    .map((tag) => `--tag=${tag}`);

/** @throws AppError USAGE for a line that adds and removes at once */
function updatedNames(line: Line): readonly string[] {
  const [name = ''] = image(line);
  const added = [...line.values('add'), ...line.values('merge')];
  if (added.length > 0 && line.has('remove')) {
    throw new AppError('USAGE', 'oras: regctl adds and removes in two steps', {
      hint: `First regctl index remove ${name} …, then regctl index add ${name} …`,
    });
  }
  return [name, ...line.values('remove'), ...added.map((source) => inRepository(name, source))];
}

/** The name of a tag or digest in the repository of `name`. */
function inRepository(name: string, source: string): string {
  if (source.includes('/')) return source;
  const repository = name.replace(/(?<=\/[^:/@]*)[:@].*$/u, '');
  return source.includes(':') ? `${repository}@${source}` : `${repository}:${source}`;
}

/** The verbs of `manifest index`. */
export const indexVerbs: readonly Verb[] = [
  {
    words: 'manifest index create',
    to: ['index', 'create', '--as-index'],
    options: {
      ...REMOTE,
      ...same('--subject <image>', '--artifact-type <type>'),
      '-a, --annotation <annotation>': '--annotation',
      '-o, --output <file>': OUTPUT,
      '--pretty': { ignored: 'the name and the digest are printed' },
      '--format <format>': { refused: 'A template of regctl: regctl index create --format …' },
    },
    defaults: otherTags,
    args: indexNames,
  },
  {
    words: 'manifest index update',
    to: ['index', 'add'],
    toFor: (line) => ['index', line.has('remove') ? 'remove' : 'add'],
    options: {
      ...REMOTE,
      '--add <image>': () => [],
      '--merge <image>': () => [],
      '--remove <digest>': () => [],
      '--tag <tag>': '--tag',
      '-o, --output <file>': OUTPUT,
    },
    args: updatedNames,
  },
];
