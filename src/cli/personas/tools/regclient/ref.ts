import { AppError } from '../../../../errors/app-error.ts';
import { formatReference, withDefaultTag } from '../../../../reference/format.ts';
import { parseReference } from '../../../../reference/parse.ts';
import { locate } from '../../../../transports/locate.ts';
import { compileTemplate } from '../../../../util/template/render.ts';
import type { Verb } from '../../types.ts';
import { ourName } from './options.ts';

/** The parts of a name, under regclient's names for them. @throws AppError INVALID_REFERENCE */
function partsOf(name: string): Readonly<Record<string, string>> {
  if (name.startsWith('ocidir://')) {
    const { name: path, ref = '' } = locate(ourName(name));
    const [tag, digest] = ref.includes(':') ? ['', ref] : [ref, ''];
    return {
      Scheme: 'ocidir',
      CommonName: name,
      Reference: name,
      Path: path,
      Tag: tag,
      Digest: digest,
    };
  }
  const reference = withDefaultTag(parseReference(name));
  const { registry, repository, tag = '', digest = '' } = reference;
  return {
    Scheme: 'reg',
    CommonName: formatReference(reference),
    Reference: name,
    Registry: registry,
    Repository: repository,
    Tag: tag,
    Digest: digest,
    Path: '',
  };
}

/** The verb `ref`, which asks nobody. */
export const ref: Verb = {
  words: 'ref',
  to: [],
  options: { '--format <template>': () => [] },
  text: (line) => {
    const [name, more] = line.args;
    if (name === undefined || more !== undefined) {
      throw new AppError('USAGE', 'regclient: ref takes one name', {
        hint: 'The whole name: regctl ref alpine',
      });
    }
    const template = compileTemplate(line.value('format') ?? '{{.CommonName}}');
    return `${template.render(partsOf(name))}\n`;
  },
};
