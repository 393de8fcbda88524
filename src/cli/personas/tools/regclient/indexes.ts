import { same } from '../../tables.ts';
import type { Line, OptionRules, Verb } from '../../types.ts';
import { FORMAT, ourName } from './options.ts';

const OPTIONS: OptionRules = {
  ...FORMAT,
  ...same('--subject <image>', '--artifact-type <type>', '--tag <tag>', '--no-clobber'),
  ...same('--platform <platform>', '--dry-run'),
  '--ref <image>': () => [],
  '--digest <digest>': () => [],
  '--annotation <annotation>': (value) => [`--annotation=index:${value}`],
  '--desc-annotation <annotation>': (value) => [`--annotation=manifest-descriptor:${value}`],
  '--media-type <type>': { ignored: 'the index has the format of its images' },
  '--digest-tags': { ignored: 'tags that begin with a digest stay where they are' },
  '--referrers': { ignored: 'referrers of the images are always copied' },
  '--by-digest': { refused: 'Write it under a tag, and delete the tag: regctl delete --untag' },
  '--desc-platform <platform>': { refused: 'The platform is that of the image.' },
};

/** `--ref IMAGE` is an argument of ours; `--digest` is in the repository of the index. */
function indexed({ args, values }: Line): readonly string[] {
  const [name = '', ...rest] = args.map(ourName);
  const repository = name.replace(/(?<=\/[^:/@]*)[:@].*$/u, '');
  const digests = values('digest').map((digest) => `${repository}@${digest}`);
  return [name, ...rest, ...values('ref').map(ourName), ...digests];
}

const prints: Verb['prints'] = (line) => (line.has('format') ? {} : { nothing: true });

/** The noun `index`. */
export const INDEX_VERBS: readonly Verb[] = [
  {
    words: 'index create',
    to: ['index', 'create'],
    options: OPTIONS,
    args: indexed,
    defaults: () => ['--as-index'],
    prints,
  },
  { words: 'index add', to: ['index', 'add'], options: OPTIONS, args: indexed, prints },
  {
    words: 'index delete',
    to: ['index', 'remove'],
    options: { '--digest <digest>': () => [], '--platform <platform>': () => [] },
    args: ({ args, values }) => [...args.map(ourName), ...values('digest'), ...values('platform')],
    prints: () => ({ nothing: true }),
  },
];
