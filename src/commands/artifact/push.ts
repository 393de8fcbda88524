import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { isTag } from '../../reference/names.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readAnnotations } from './annotations.ts';
import { readFiles } from './files.ts';
import { placeOf } from './names.ts';
import { publish, publishedJson } from './publish.ts';

type PushContext = Pick<
  Context,
  | 'cwd'
  | 'emit'
  | 'flags'
  | 'locate'
  | 'machine'
  | 'now'
  | 'openWrite'
  | 'stdin'
  | 'tempDir'
  | 'warn'
>;

/** Writes files as an artifact, under a tag or only by its digest. @throws AppError USAGE */
export async function run(
  context: PushContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [name = '', ...tags] = readArgument(input, 0, 'NAME').split(',');
  const location = context.locate(name);
  if (location.ref !== undefined && isDigest(location.ref)) throw byDigest(location.text);
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) throw new AppError('USAGE', `"${wrong}" is not a tag`);
  const annotations = await readAnnotations(input, context.cwd, options);
  await using files = await readFiles(context, input, input.args.slice(1), annotations, options);
  const artifactType = readText(input, 'artifactType');
  await using store = await context.openWrite(location, 'single', options);
  const written = readText(input, 'subject');
  const subject =
    written === undefined ? undefined : await store.resolve(context.locate(written).ref, options);
  const all = [...(location.tag === undefined ? [] : [location.tag]), ...tags];
  const packed = await publish(
    context,
    input,
    store,
    { files, annotations, artifactType, subject, tags: all },
    options,
  );
  const { digest } = packed.descriptor;
  const place = placeOf(location);
  const text = location.tag === undefined ? place : location.text;
  const json = { Name: place, ...publishedJson(packed, files), Tags: all };
  return { kind: 'value', json, text: () => `${text}@${digest}` };
}

function byDigest(text: string): AppError {
  return new AppError('USAGE', `cannot push to ${text}: a digest names what exists`, {
    hint: 'Name a tag, or only the repository.',
  });
}
