import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf, isDigest, algorithmOf, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { readSmall } from './disk.ts';
import { tagsOf, type LayoutIndex } from './index-json.ts';

/** Hints list at most so many names. */
const SHOWN_NAMES = 20;

/**
 * The entry that `ref` names; without one the only image, else the one tagged `latest`.
 * `undefined` for a digest that index.json does not list.
 * @throws AppError MANIFEST_UNKNOWN; CORRUPT_LAYOUT when a tag has several digests
 */
export function findEntry(
  index: LayoutIndex,
  ref: string | undefined,
  label: string,
): Descriptor | undefined {
  const { entries } = index;
  if (ref !== undefined && isDigest(ref))
    return entries.find(({ descriptor }) => descriptor.digest === ref)?.descriptor;
  const [first] = entries;
  const isOnly = (): boolean =>
    entries.every(({ descriptor }) => descriptor.digest === first?.descriptor.digest);
  if (ref === undefined && isOnly() && first !== undefined) return first.descriptor;

  const tag = ref ?? 'latest';
  const named = entries.filter((entry) => entry.tag === tag).map((entry) => entry.descriptor);
  if (new Set(named.map((one) => one.digest)).size > 1) {
    throw new AppError('CORRUPT_LAYOUT', `${label} has several images with the tag "${tag}"`, {
      hint: `Name one by its digest: ${label}@DIGEST.`,
    });
  }
  if (named[0] !== undefined) return named[0];
  throw unknown(index, ref, label);
}

function unknown(index: LayoutIndex, ref: string | undefined, label: string): AppError {
  const tags = tagsOf(index);
  const shown = tags.slice(0, SHOWN_NAMES).join(', ');
  const more = tags.length > SHOWN_NAMES ? `, and ${tags.length - SHOWN_NAMES} more` : '';
  const names = tags.length === 0 ? 'It has no tags.' : `It has: ${shown}${more}.`;
  if (index.entries.length === 0)
    return new AppError('MANIFEST_UNKNOWN', `${label} holds no images`);
  return ref === undefined
    ? new AppError(
        'MANIFEST_UNKNOWN',
        `${label} holds ${index.entries.length} images and none is tagged "latest"`,
        { hint: `${names} Name one: ${label}:TAG or ${label}@DIGEST.` },
      )
    : new AppError('MANIFEST_UNKNOWN', `${label} has no image tagged "${ref}"`, { hint: names });
}

/** A manifest that only another manifest lists: its type is read from its own bytes. */
export async function describeFile(
  path: string,
  digest: Digest,
  label: string,
): Promise<Descriptor> {
  return describeRaw(await readSmall(path, MAX_MANIFEST_BYTES), digest, label);
}

/** @throws AppError MANIFEST_UNKNOWN when there are no bytes, or others than `digest` names */
export function describeRaw(
  raw: Uint8Array | undefined,
  digest: Digest,
  label: string,
): Descriptor {
  if (raw === undefined || digestOf(raw, algorithmOf(digest)) !== digest) {
    throw new AppError('MANIFEST_UNKNOWN', `${label} has no manifest ${digest}`);
  }
  return { mediaType: parseManifest(raw).mediaType, digest, size: raw.byteLength };
}
