import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import { describeReferrer } from '../../store/manifests.ts';
import { CREATED, titleOf } from '../annotations.ts';
import {
  annotatedPredicate,
  isEnvelopeType,
  kindOfMediaType,
  kindOfPredicate,
  type Kind,
} from '../kinds.ts';
import type { DescribedReferrer, Referrer, ReferrerContent } from './types.ts';

/** Whether the list does not say what this referrer is, so that its manifest must be read. */
export function needsReading({ descriptor, source }: Referrer): boolean {
  const { artifactType, annotations } = descriptor;
  if (source !== 'referrers' || artifactType === undefined) return true;
  return isEnvelopeType(artifactType) && annotatedPredicate(annotations) === undefined;
}

/** What the list says about a referrer. */
export function describeListed(referrer: Referrer): DescribedReferrer {
  const { artifactType, annotations } = referrer.descriptor;
  const type = annotatedPredicate(annotations) ?? artifactType;
  const kind = kindOf(annotatedPredicate(annotations), artifactType);
  return {
    ...referrer,
    artifactType,
    kinds: kind === undefined ? [] : [kind],
    types: type === undefined ? [] : [type],
    created: annotations?.[CREATED],
  };
}

/** What the manifest of a referrer says about it. */
export function describeRead(referrer: Referrer, manifest: Manifest): DescribedReferrer {
  const { artifactType, annotations } = describeReferrer(manifest, referrer.descriptor);
  const contents = manifest.kind === 'image' ? contentsOf(manifest, artifactType) : [];
  const kinds = contents.flatMap(({ kind }) => kind ?? []);
  const own = kindOf(annotatedPredicate(annotations), artifactType);
  const types = contents.length > 0 ? contents.map(({ type }) => type) : [artifactType ?? ''];
  return {
    ...referrer,
    artifactType,
    kinds: kinds.length > 0 || own === undefined ? unique(kinds) : [own],
    types: unique(types.filter((type) => type !== '')),
    contents,
    created: annotations?.[CREATED],
  };
}

/** The layers of an artifact, each with its type. */
export function contentsOf(
  { layers, annotations }: ImageManifest,
  artifactType: string | undefined,
): readonly ReferrerContent[] {
  return layers.map((descriptor) => {
    const predicate =
      annotatedPredicate(descriptor.annotations) ??
      (isEnvelopeType(descriptor.mediaType) ? annotatedPredicate(annotations) : undefined);
    const kind =
      kindOf(predicate, descriptor.mediaType) ??
      (artifactType === undefined ? undefined : kindOfMediaType(artifactType));
    const type = predicate ?? descriptor.mediaType;
    return { descriptor, type, kind, title: titleOf(descriptor) };
  });
}

function kindOf(predicate: string | undefined, type: string | undefined): Kind | undefined {
  if (predicate !== undefined) return kindOfPredicate(predicate);
  if (type === undefined) return undefined;
  return kindOfMediaType(type) ?? (isEnvelopeType(type) ? 'attestation' : undefined);
}

function unique<T>(list: readonly T[]): readonly T[] {
  return [...new Set(list)];
}
