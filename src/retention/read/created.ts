import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { parseTime } from '../dates.ts';
import type { ManifestFacts, RepositoryFacts } from '../types.ts';

export interface CreatedOptions extends CallOptions {
  /** Concurrent requests. */
  readonly concurrency: number;
  /** Uses build dates even if the registry gives push times. */
  readonly createdOnly?: boolean | undefined;
  /** Also needs manifests without a tag. */
  readonly mustList?: boolean | undefined;
}

/** What the dates are added to; each manifest is replaced, because thousands are kept. */
export interface Undated extends Pick<RepositoryFacts, 'tags' | 'tagPushed'> {
  readonly manifests: Map<Digest, ManifestFacts>;
}

/** Adds build dates, from the configurations of images that have no other date. */
export async function readCreated(
  store: ReadStore,
  facts: Undated,
  configs: ReadonlyMap<Digest, Descriptor>,
  options: CreatedOptions,
): Promise<void> {
  const { concurrency, signal } = options;
  const { manifests } = facts;
  const read = async (digest: Digest, call: CallOptions): Promise<void> => {
    const [config, manifest] = [configs.get(digest), manifests.get(digest)];
    if (config === undefined || manifest === undefined) return;
    const bytes = await orAbsent(fetchAll(store, config, call));
    const created = bytes === undefined ? undefined : createdIn(bytes);
    if (created !== undefined) manifests.set(digest, { ...manifest, created });
  };
  const wanted = undated(facts, options).filter((digest) => configs.has(digest));
  await mapParallel(wanted, concurrency, read, { signal });
}

/** Finds the images that need a date. */
function undated(
  { tags, tagPushed, manifests }: Undated,
  { createdOnly, mustList }: CreatedOptions,
): Digest[] {
  const tagged = [...tags].filter(([tag]) => !isDigestTag(tag));
  const isPushed = ([tag, digest]: readonly [string, Digest]): boolean =>
    parseTime(tagPushed.get(tag) ?? manifests.get(digest)?.pushed) !== undefined;
  if (createdOnly !== true && mustList !== true && tagged.every(isPushed)) return [];
  const wanted = new Set<Digest>();
  const want = (digest: Digest): void => {
    const manifest: ManifestFacts | undefined = manifests.get(digest);
    if (manifest === undefined || wanted.has(digest)) return;
    wanted.add(digest);
    const attestations = new Set(manifest.attestations);
    for (const child of manifest.children) if (!attestations.has(child)) want(child);
  };
  for (const [, digest] of tagged) want(digest);
  if (mustList === true) for (const digest of manifests.keys()) want(digest);
  return [...wanted];
}

const ABSENT: ReadonlySet<string> = new Set(['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN']);

/** Returns `undefined` for something that does not exist; throws any other error. */
export async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

function createdIn(config: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(config));
    const created =
      value !== null && typeof value === 'object' && 'created' in value && value.created;
    return typeof created === 'string' ? created : undefined;
  } catch {
    return undefined;
  }
}
