import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import { IndexTraversal } from '../../store/index-traversal.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { PushOutcome, ReadStore, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { createSharedLookup } from '../../util/shared-lookup.ts';
import { writeSimplePayload } from '../formats/simple-signing.ts';
import { writeStatement } from '../formats/statement.ts';
import { SIGNATURE_PREDICATE } from '../formats/types.ts';
import type { Form } from '../types.ts';
import { attachBundle, attachEnvelope, attachSimple, type AttachOptions } from './attach.ts';

/** What was written for one image. */
export interface Signature {
  readonly subject: Digest;
  readonly form: Form;
  /** The manifest that holds the signature. */
  readonly digest: Digest;
}

export interface SignOptions extends Omit<AttachOptions, 'shared'> {
  /** The forms to write: the bundle of cosign 3, the tag that podman reads, or both. */
  readonly forms: readonly ('bundle' | 'simple')[];
  readonly concurrency: number;
}

export interface SignatureRequest {
  readonly annotations: Readonly<Record<string, string>>;
  /** `docker-reference` of the `.sig` form. */
  readonly reference: string;
}

/** Signs manifests as `cosign sign` does. @throws AppError as the store does */
export async function signManifests(
  store: WriteStore,
  subjects: readonly Descriptor[],
  { annotations, reference }: SignatureRequest,
  { forms, concurrency, ...options }: SignOptions,
): Promise<readonly Signature[]> {
  const attach = { ...options, shared: createSharedLookup<PushOutcome>() };
  const signed = await mapParallel(
    subjects,
    concurrency,
    async (subject, { signal }) => {
      const { digest } = subject;
      const done: Signature[] = [];
      for (const form of forms) {
        const written =
          form === 'bundle'
            ? await attachBundle(store, subject, signature(digest, annotations), {
                ...attach,
                signal,
              })
            : await attachSimple(
                store,
                subject,
                writeSimplePayload(digest, reference, annotations),
                {
                  ...attach,
                  signal,
                },
              );
        done.push({ subject: digest, form, digest: written.digest });
      }
      return done;
    },
    { signal: attach.signal },
  );
  return signed.flat();
}

function signature(digest: Digest, annotations: Readonly<Record<string, string>>) {
  const predicateType = SIGNATURE_PREDICATE;
  const content = { digest, predicateType, predicate: {}, annotations };
  return { predicateType, bytes: writeStatement(content) };
}

export interface AttestationRequest {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** The repository, which cosign names in the statement. */
  readonly name: string;
}

/** Attests something about an image as `cosign attest` does. @throws AppError as the store does */
export async function attestManifest(
  store: WriteStore,
  subject: Descriptor,
  { predicateType, predicate, name }: AttestationRequest,
  { forms, concurrency: _concurrency, ...options }: SignOptions,
): Promise<readonly Signature[]> {
  const attach = { ...options, shared: createSharedLookup<PushOutcome>() };
  const { digest } = subject;
  const statement = {
    predicateType,
    bytes: writeStatement({ digest, predicateType, predicate, name }),
  };
  const done: Signature[] = [];
  for (const form of forms) {
    const add = form === 'bundle' ? attachBundle : attachEnvelope;
    const written = await add(store, subject, statement, attach);
    const kind = form === 'bundle' ? 'bundle' : 'attestation';
    done.push({ subject: digest, form: kind, digest: written.digest });
  }
  return done;
}

/** A manifest, and with `recursive` all manifests that an index lists at any depth. */
export async function manifestsToSign(
  store: ReadStore,
  root: Descriptor,
  recursive: boolean,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>([[root.digest, root]]);
  if (recursive)
    await addChildren(store, root, { found, traversal: new IndexTraversal(store.label) }, options);
  return [...found.values()];
}

async function addChildren(
  store: ReadStore,
  index: Descriptor,
  search: { readonly found: Map<Digest, Descriptor>; readonly traversal: IndexTraversal },
  options: CallOptions,
  depth = 0,
): Promise<void> {
  if (!isIndexType(index.mediaType) || !search.traversal.visit(index)) return;
  const manifest = await fetchManifest(store, index, options);
  if (manifest.kind !== 'index') return;
  search.traversal.enter(manifest, depth);
  for (const child of manifest.manifests) {
    if (!isManifestType(child.mediaType)) continue;
    const { mediaType, digest, size } = child;
    search.found.set(digest, { mediaType, digest, size });
    await addChildren(store, child, search, options, depth + 1);
  }
}
