import { AppError } from '../../errors/app-error.ts';
import { tagOfVersion } from '../../reference/grammar.ts';
import { isTag } from '../../reference/names.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import type { Context } from '../context.ts';
import { readArgument } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/**
 * Points more tags to an image. Checks all names before the first request.
 * @throws AppError USAGE for a name in another repository, INVALID_REFERENCE, MANIFEST_UNKNOWN
 */
export async function run(
  context: Pick<Context, 'locate' | 'openWrite'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const image = context.locate(readArgument(input, 0, 'IMAGE'));
  readArgument(input, 1, 'TAG');
  const tags = [...new Set(input.args.slice(1).map((text) => tagIn(context, image, text)))];
  await using store = await context.openWrite(image, 'single', options);
  const descriptor = await store.resolve(image.ref, { ...options, purpose: 'content' });
  for (const tag of tags) await store.tag(descriptor, tag, options);
  await store.commit(options);
  const name = placeOf(image);
  return {
    kind: 'value',
    json: { Name: name, Digest: descriptor.digest, Tags: tags },
    text: () => tags.map((tag) => `${nameWith(image, name, tag)}@${descriptor.digest}`).join('\n'),
  };
}

/** The tag that an argument names. @throws AppError USAGE, INVALID_REFERENCE */
function tagIn({ locate }: Pick<Context, 'locate'>, image: Location, text: string): string {
  const bare = tagOfVersion(text);
  if (isTag(bare)) return bare;
  const named = namesPlaces(text, image) ? locate(text) : undefined;
  // Outside registries, a name may be of any repository.
  if (named === undefined) return text;
  if (named.scheme !== image.scheme || named.name !== image.name) throw elsewhere(image, named);
  if (named.tag !== undefined && named.tag === named.ref) return named.tag;
  throw new AppError('INVALID_REFERENCE', `cannot tag ${image.text}: "${text}" has no tag`, {
    hint: `Write the tag: ${placeOf(image)}:TAG.`,
  });
}

/** Whether an argument is an image name, which may be in another repository. */
function namesPlaces(text: string, { scheme }: Location): boolean {
  return scheme === 'docker' || text.startsWith('docker://') || text.startsWith(`${scheme}:`);
}

function elsewhere(image: Location, { text }: Location): AppError {
  return new AppError('USAGE', `cannot tag ${image.text}: ${text} is another repository`, {
    hint: `Copy the image there: regctl copy ${image.text} ${text}`,
  });
}

function placeOf({ scheme, name }: Location): string {
  return scheme === 'docker' ? name : `${scheme}:${name}`;
}

/** Formats the new name; in a daemon, an image may get a name of any repository. */
function nameWith({ scheme }: Location, place: string, tag: string): string {
  return scheme === 'docker-daemon' && !isTag(tag) ? `${scheme}:${tag}` : `${place}:${tag}`;
}
