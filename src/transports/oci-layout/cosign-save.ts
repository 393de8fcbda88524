import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, hexOf } from '../../oci/digest.ts';

/** What `cosign save` says about an entry (cosign, pkg/oci/layout): the image, its signatures … */
const KIND = 'kind';
const IMAGES: ReadonlySet<string | undefined> = new Set([
  'dev.cosignproject.cosign/image',
  'dev.cosignproject.cosign/imageIndex',
]);
const SUFFIXES: Readonly<Record<string, string>> = {
  'dev.cosignproject.cosign/sigs': 'sig',
  'dev.cosignproject.cosign/atts': 'att',
};

/**
 * The tag that an entry of `cosign save` has in a registry: `sha256-HEX.sig` for the signatures of
 * the one image. Undefined for other entries.
 */
export function cosignTag(
  { annotations }: Descriptor,
  all: readonly Descriptor[],
): string | undefined {
  const suffix = SUFFIXES[annotations?.[KIND] ?? ''];
  if (suffix === undefined) return undefined;
  const [image, ...more] = all.filter((one) => IMAGES.has(one.annotations?.[KIND]));
  if (image === undefined || more.length > 0) return undefined;
  return `${algorithmOf(image.digest)}-${hexOf(image.digest)}.${suffix}`;
}

/** Whether an entry holds the signatures or attestations of another one. */
export function isCosignExtra({ annotations }: Descriptor): boolean {
  return Object.hasOwn(SUFFIXES, annotations?.[KIND] ?? '');
}
