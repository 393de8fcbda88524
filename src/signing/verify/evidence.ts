import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { isTag } from '../../reference/names.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { BUNDLE_TYPES, ENVELOPE_TYPE, NOTATION_TYPE, SIMPLE_TYPE } from '../formats/types.ts';
import { NotEvidence, type Form } from '../types.ts';
import {
  newBudget,
  orReason,
  readLayers,
  type Budget,
  type Budgeted,
  type Found,
} from './layers.ts';

export interface FindOptions extends CallOptions {
  readonly concurrency: number;
  /** Whether signatures are looked for; otherwise attestations. */
  readonly signatures: boolean;
  /** Shared with what is read for other images. Default: a new one. */
  readonly budget?: Budget | undefined;
}

/** More than any image has; each costs two requests. */
const MAX_READ = 1000;

const BUNDLE_ARTIFACT = /^application\/vnd\.dev\.sigstore\.bundle\b/u;

/**
 * Finds what may prove an image: its referrers, and cosign's tag for its digest. What cannot be
 * evidence comes with the reason.
 * @throws AppError UNSUPPORTED for a store without referrers; whatever prevents looking
 */
export async function findEvidence(
  store: ReadStore,
  subject: Digest,
  options: FindOptions,
): Promise<readonly Found[]> {
  const { signatures, ...given } = options;
  const call = { ...given, budget: options.budget ?? newBudget() };
  const [referrers, tagged] = await Promise.all([
    fromReferrers(store, subject, call),
    fromTag(store, subject, signatures ? 'sig' : 'att', call),
  ]);
  return [...referrers, ...tagged];
}

type ReadOptions = Omit<FindOptions, 'signatures' | 'budget'> & Budgeted;

async function fromReferrers(
  store: ReadStore,
  subject: Digest,
  options: ReadOptions,
): Promise<readonly Found[]> {
  const { referrers } = store.capabilities;
  if (referrers === undefined) {
    throw new AppError('UNSUPPORTED', `cannot verify ${store.label}: it cannot hold signatures`, {
      hint: 'Verify the image in its registry, or in an OCI layout.',
    });
  }
  const listed = new Map<Digest, Descriptor>();
  let unread = 0;
  for await (const one of referrers.referrers(subject, options)) {
    if (listed.has(one.digest) || !mayBeEvidence(one)) continue;
    if (listed.size < MAX_READ) listed.set(one.digest, one);
    else unread += 1;
  }
  const read = await mapParallel(
    [...listed.values()],
    options.concurrency,
    (one, { signal }) => fromReferrer(store, subject, one, { ...options, signal }),
    options,
  );
  if (unread === 0) return read.flat();
  const reason = `more than ${MAX_READ} are attached; ${unread} were not read`;
  return [...read.flat(), { form: 'other', digest: subject, subject, reason }];
}

/** Fallback lists of cosign have no annotations, and some no types. */
function mayBeEvidence({ mediaType, artifactType }: Descriptor): boolean {
  if (!isManifestType(mediaType)) return false;
  return (
    artifactType === undefined ||
    artifactType === NOTATION_TYPE ||
    BUNDLE_ARTIFACT.test(artifactType)
  );
}

async function fromReferrer(
  store: ReadStore,
  subject: Digest,
  listed: Descriptor,
  options: Budgeted,
): Promise<readonly Found[]> {
  const { digest, artifactType } = listed;
  if (artifactType === NOTATION_TYPE) return [notation(digest, subject)];
  return orReason({ form: 'bundle', digest, subject }, async () => {
    const manifest = await fetchManifest(store, listed, options);
    if (manifest.kind !== 'image') return [];
    if (manifest.artifactType === NOTATION_TYPE) return [notation(digest, subject)];
    const layers = manifest.layers.filter(({ mediaType }) => BUNDLE_TYPES.has(mediaType));
    if (layers.length === 0 && !BUNDLE_ARTIFACT.test(manifest.artifactType ?? '')) return [];
    if (manifest.subject?.digest !== subject) {
      throw new NotEvidence('its manifest refers to another image');
    }
    if (layers.length === 0) throw new NotEvidence('its layer is not a bundle of a known version');
    return readLayers(store, { manifest, layers, digest, subject, form: 'bundle' }, options);
  });
}

function notation(digest: Digest, subject: Digest): Found {
  const reason = 'it is a Notation signature, which regctl does not verify';
  return { form: 'other', digest, subject, type: NOTATION_TYPE, reason };
}

async function fromTag(
  store: ReadStore,
  subject: Digest,
  suffix: 'sig' | 'att',
  options: Budgeted,
): Promise<readonly Found[]> {
  const tag = `${algorithmOf(subject)}-${hexOf(subject)}.${suffix}`;
  // cosign has no tag for sha512: it would be longer than a tag may be.
  if (!isTag(tag)) return [];
  const listed = await resolveOrNone(store, tag, options);
  if (listed === undefined) return [];
  const { digest } = listed;
  const form: Form = suffix === 'sig' ? 'simple' : 'attestation';
  return orReason({ form, digest, subject }, async () => {
    const manifest = await fetchManifest(store, listed, options);
    if (manifest.kind !== 'image') return [];
    const type = form === 'simple' ? SIMPLE_TYPE : ENVELOPE_TYPE;
    const layers = manifest.layers.filter(({ mediaType }) => mediaType === type);
    return readLayers(store, { manifest, layers, digest, subject, form }, options);
  });
}

async function resolveOrNone(
  store: ReadStore,
  tag: string,
  options: CallOptions,
): Promise<Descriptor | undefined> {
  try {
    return await store.resolve(tag, { ...options, purpose: 'content' });
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}
