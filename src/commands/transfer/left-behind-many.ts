import { leftBehind } from '../../artifact/referrers/left-behind.ts';
import type { TagOutcome } from '../../copy/copy-tags.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import { subjectOfDigestTag } from '../../tags/digest-tags.ts';
import type { CallOptions } from '../../util/abort.ts';
import { notCopied, type ReminderContext } from './left-behind.ts';

/** Images that were copied from one repository without what refers to them. */
export interface CopiedImages {
  readonly images: readonly CopiedImage[];
  /** All tags of the source, if they were listed. */
  readonly sourceTags: readonly string[] | undefined;
  /** Those of them that were copied. */
  readonly copiedTags: ReadonlySet<string>;
  /** Calls `look` with the source, which may have to be opened again. */
  withSource<T>(look: (source: ReadStore) => Promise<T>): Promise<T>;
}

interface CopiedImage {
  readonly name: string;
  /** What the name means at the source. */
  readonly from: Digest;
  /** What was written; differs from `from` if platforms were chosen. */
  readonly digest: Digest;
}

/**
 * One line for many images. A list of tags shows the tags of cosign and of registries without a
 * referrers API at no cost. Else, where that is allowed, one image stands for all.
 */
export async function remindOfMany(
  { note }: Pick<ReminderContext, 'note'>,
  copied: readonly CopiedImages[],
  mayLook: boolean,
  options: CallOptions,
): Promise<void> {
  const all = copied.flatMap(({ images }) => images);
  const tagged = copied.flatMap(taggedImages);
  const [first] = tagged;
  if (first !== undefined) {
    const what = `signatures or attestations of ${tagged.length} of ${all.length} images`;
    note(notCopied(what, first.from === first.digest));
    return;
  }
  const some = copied.find(({ images }) => images.length > 0);
  const [image] = some?.images ?? [];
  if (!mayLook || some === undefined || image === undefined) return;
  const what = await someOf(some, image, options);
  if (what === '') return;
  const others = all.length === 1 ? '' : ' (other images were not looked at)';
  note(notCopied(`${what} of ${image.name}${others}`, image.from === image.digest));
}

/** A source that cannot be opened again has nothing to say: the copy is done. */
async function someOf(
  images: CopiedImages,
  { from }: CopiedImage,
  options: CallOptions,
): Promise<string> {
  try {
    return await images.withSource((source) => leftBehind(source, from, options));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError) return '';
    throw error;
  }
}

/** What `copy --all-tags` wrote. */
export function copiedImages(
  source: ReadStore,
  images: readonly TagOutcome[],
  {
    originals,
    ...tags
  }: Pick<CopiedImages, 'sourceTags' | 'copiedTags'> & {
    /** By tag, what converted images were made from: all that the source knows of them. */
    readonly originals: ReadonlyMap<string, Digest>;
  },
): CopiedImages {
  const written = images.flatMap((one) =>
    one.error !== undefined || one.unchanged
      ? []
      : [
          {
            name: `${source.label}:${one.tag}`,
            from: originals.get(one.tag) ?? one.from,
            digest: one.descriptor.digest,
          },
        ],
  );
  return { images: written, ...tags, withSource: (look) => look(source) };
}

function taggedImages({ images, sourceTags = [], copiedTags }: CopiedImages) {
  const digests = new Set(images.map(({ from }) => from));
  const named = sourceTags.filter((tag) => !copiedTags.has(tag));
  const subjects = new Set(named.map((tag) => subjectOfDigestTag(tag, digests)));
  return images.filter(({ from }) => subjects.has(from));
}
