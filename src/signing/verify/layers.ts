import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { REKOR_ANNOTATION, SIGNATURE_ANNOTATION } from '../formats/types.ts';
import { NotEvidence, type Form, type Verdict } from '../types.ts';

/** Bytes of a signature or attestation that was found, not yet judged. */
export interface Evidence extends Pick<Verdict, 'digest' | 'subject' | 'created'> {
  readonly form: Form;
  readonly bytes: Uint8Array;
  /** Base64; only in the `.sig` form, where it is an annotation of the layer. */
  readonly signature?: string | undefined;
  /** The entry of a transparency log (`.sig` form). */
  readonly rekorEntry?: string | undefined;
}

export type Found = Evidence | (Verdict & { readonly reason: string });

/** A signature has a few hundred bytes, but an attestation holds a whole SBOM. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Of all that is attached to an image and the indexes around it. */
const MAX_TOTAL_BYTES = 4 * MAX_BYTES;

/** More layers than any signature has. */
const MAX_LAYERS = 1000;

const CREATED = 'org.opencontainers.image.created';

/** What may still be read. */
export interface Budget {
  bytes: number;
}

export interface Budgeted extends CallOptions {
  readonly budget: Budget;
}

export function newBudget(): Budget {
  return { bytes: MAX_TOTAL_BYTES };
}

interface Layers extends Pick<Evidence, 'form' | 'digest' | 'subject'> {
  readonly manifest: ImageManifest;
  readonly layers: readonly Descriptor[];
}

/** One layer is one signature; a `.sig` tag collects those of all signers. */
export async function readLayers(
  store: ReadStore,
  { manifest, layers, ...head }: Layers,
  options: Budgeted,
): Promise<readonly Found[]> {
  const created = manifest.annotations?.[CREATED];
  const known = { ...head, ...(created === undefined ? {} : { created }) };
  const found: Found[] = [];
  for (const layer of layers.slice(0, MAX_LAYERS)) {
    const read = await orReason(known, async () => {
      if (layer.size > MAX_BYTES) {
        throw new NotEvidence(`it has ${layer.size} bytes; at most ${MAX_BYTES} are read`);
      }
      if (layer.size > options.budget.bytes) {
        throw new NotEvidence(`more than ${MAX_TOTAL_BYTES} bytes are attached; it was not read`);
      }
      options.budget.bytes -= layer.size;
      const bytes = await readAll(store, layer, options);
      const { [SIGNATURE_ANNOTATION]: signature, [REKOR_ANNOTATION]: rekorEntry } =
        layer.annotations ?? {};
      return [{ ...known, bytes, signature, rekorEntry }];
    });
    found.push(...read);
  }
  const unread = layers.length - MAX_LAYERS;
  const reason = `it has more than ${MAX_LAYERS} layers; ${unread} were not read`;
  return unread > 0 ? [...found, { ...known, reason }] : found;
}

/** Attestations are larger than manifests may be. */
async function readAll(
  store: ReadStore,
  layer: Descriptor,
  options: CallOptions,
): Promise<Uint8Array> {
  return collect(await store.fetch(layer, options), layer.size, tooLong);
}

function tooLong(): Error {
  return new NotEvidence('it is longer than its descriptor says');
}

/** Faults of the content itself; any other prevents looking. */
const NO_EVIDENCE: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'INVALID_MANIFEST',
  'RESPONSE_TOO_LARGE',
]);

/** Turns a fault of the content into the reason why it is no evidence. */
export async function orReason(
  known: Pick<Verdict, 'form' | 'digest' | 'subject' | 'created'>,
  read: () => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NotEvidence) return [{ ...known, reason: error.message }];
    if (
      error instanceof IntegrityError ||
      (error instanceof AppError && NO_EVIDENCE.has(error.code))
    ) {
      return [{ ...known, reason: reasonOf(error) }];
    }
    throw error;
  }
}

function reasonOf(error: AppError): string {
  if (error instanceof IntegrityError) return 'its content does not have its digest';
  return error.code.endsWith('_UNKNOWN') ? 'it is listed, but gone' : error.message;
}
