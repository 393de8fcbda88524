import { parseAnnotation, type AnnotationEdit } from '../../build/annotations.ts';
import type { OptionSpec } from '../types.ts';
import { readList } from '../input/read.ts';
import type { Input } from '../types.ts';

export const annotationOption: OptionSpec = {
  flags: '--annotation <annotation>',
  summary: 'set [LEVEL:]KEY=VALUE: index, manifest or manifest-descriptor (repeatable)',
  kind: 'list',
  group: 'Index',
};

export const unsetAnnotationOption: OptionSpec = {
  flags: '--unset-annotation <key>',
  summary: 'remove [LEVEL:]KEY (repeatable)',
  kind: 'list',
  group: 'Index',
};

export const writeOptions: readonly OptionSpec[] = [
  {
    flags: '--no-clobber',
    summary: 'fail if the tag has a different digest',
    kind: 'flag',
    group: 'At the destination',
  },
  {
    flags: '--digestfile <file>',
    summary: 'write the digest of the index to FILE',
    kind: 'string',
    group: 'Result',
  },
  {
    flags: '--dry-run',
    summary: 'show the index without writing it',
    kind: 'flag',
    group: 'Result',
  },
];

/** The annotations of a line; without a level, they are of the index. @throws AppError USAGE */
export function indexAnnotations(input: Input): readonly AnnotationEdit[] {
  const edits = [
    ...readList(input, 'annotation').flatMap((text) => parseAnnotation(text, 'set')),
    ...readList(input, 'unsetAnnotation').flatMap((text) => parseAnnotation(text, 'unset')),
  ];
  return edits.map((edit) => ({ ...edit, level: edit.level ?? 'index' }));
}
