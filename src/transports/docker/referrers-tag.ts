import { AppError, RegistryError } from '../../errors/app-error.ts';
import { type Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { isSubjectItself, referrersTag } from '../../registry/lists/referrers.ts';
import type { Repository } from '../../registry/types.ts';
import { describeReferrer } from '../../store/manifests.ts';
import type { CallOptions } from '../../util/abort.ts';

/**
 * The fallback tag of the referrers API. Writers in one process take turns; between processes it is
 * a race by design.
 */
export interface ReferrersTag {
  /** Adds a manifest to the list of its subject; ignores one without a subject. */
  add(descriptor: Descriptor, raw: Uint8Array, options: CallOptions): Promise<void>;
  /** Removes only the entry of a deleted manifest. */
  remove(digest: Digest, subject: Digest, options: CallOptions): Promise<void>;
  /** Replaces entries by their full descriptions; other entries stay as they are written. */
  complete(
    subject: Digest,
    described: ReadonlyMap<string, Descriptor>,
    options: CallOptions,
  ): Promise<void>;
}

/**
 * Maintains the fallback tag that lists a subject's referrers if the registry has no referrers API
 * (distribution-spec v1.1.1, "Pushing Manifests with Subject", "Deleting Manifests"). `add` throws
 * AppError INVALID_MANIFEST if that tag is not a list of referrers; both throw REGISTRY_ERROR if
 * other writers keep changing it.
 */
export function createReferrersTag(repository: Repository): ReferrersTag {
  let turn: Promise<void> = Promise.resolve();
  const inTurn = async (task: () => Promise<void>): Promise<void> => {
    const mine = turn.then(task);
    turn = mine.catch(() => {});
    await mine;
  };
  /** Additions that wait for their turn, by subject: one edit writes them all. */
  const waiting = new Map<Digest, Addition>();
  const addTo = async (subject: Digest, entry: Descriptor, options: CallOptions): Promise<void> => {
    const joined = waiting.get(subject);
    if (joined !== undefined) {
      joined.entries.set(entry.digest, entry);
      try {
        await joined.done;
      } catch (error) {
        if (!isAborted(joined.options) || isAborted(options)) throw error;
        await addTo(subject, entry, options);
      }
      return;
    }
    const entries = new Map([[entry.digest, entry]]);
    const done = inTurn(() => {
      waiting.delete(subject);
      const failure = `did not keep the referrer ${entry.digest}`;
      return change(repository, subject, { edit: adding(entries), failure }, options);
    });
    waiting.set(subject, { entries, done, options });
    await done;
  };
  return {
    async add(descriptor, raw, options) {
      const manifest = parseManifest(raw, descriptor.mediaType);
      const { subject } = manifest;
      if (subject === undefined) return;
      await addTo(subject.digest, describeReferrer(manifest, descriptor), options);
    },
    async complete(subject, described, options) {
      const edit: IndexEdit = ({ entries }) => {
        const edited = entries.map((entry) => completed(entry, described));
        return edited.some((entry, at) => entry !== entries[at]) ? edited : undefined;
      };
      const failure = 'did not keep the types of its referrers';
      await inTurn(() => change(repository, subject, { edit, failure }, options));
    },
    async remove(digest, subject, options) {
      const edit: IndexEdit = ({ digests, entries }) =>
        digests.has(digest)
          ? entries.filter((entry) => !(isRecord(entry) && entry['digest'] === digest))
          : undefined;
      const failure = `still lists ${digest}, which was deleted`;
      await inTurn(async () => {
        try {
          await change(repository, subject, { edit, failure }, options);
        } catch (error) {
          // A tag that points to something else lists no referrers.
          if (!(error instanceof AppError && error.code === 'INVALID_MANIFEST')) throw error;
        }
      });
    },
  };
}

interface Addition {
  readonly entries: Map<Digest, Descriptor>;
  readonly done: Promise<void>;
  /** Those of the call that writes. */
  readonly options: CallOptions;
}

const isAborted = ({ signal }: CallOptions): boolean => signal?.aborted === true;

function adding(added: ReadonlyMap<Digest, Descriptor>): IndexEdit {
  return ({ digests, entries }) => {
    const fresh = [...added.values()].filter((one) => !digests.has(one.digest));
    return fresh.length === 0 ? undefined : [...entries, ...fresh];
  };
}

/** The entry itself if nothing is missing in it. */
function completed(entry: unknown, described: ReadonlyMap<string, Descriptor>): unknown {
  const full = isRecord(entry) ? described.get(String(entry['digest'])) : undefined;
  if (!isRecord(entry) || full === undefined || !lacks(entry, full)) return entry;
  const { artifactType, annotations } = full;
  return {
    ...entry,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Whether an entry of a fallback tag lacks what its manifest says. */
export function lacks(entry: object, { artifactType, annotations = {} }: Descriptor): boolean {
  const { artifactType: type, annotations: own } = entry as Partial<Descriptor>;
  if (artifactType !== undefined && type !== artifactType) return true;
  return Object.entries(annotations).some(([name, value]) => own?.[name] !== value);
}

/** Returns the new entries; `undefined` if nothing has to change. */
type IndexEdit = (found: ReferrersIndex) => readonly unknown[] | undefined;

/** Other writers may interfere; each round starts from the current list. */
const MAX_ROUNDS = 5;

/** Reads, edits and writes, then reads again to check that no other writer replaced the list. */
async function change(
  repository: Repository,
  subject: Digest,
  { edit, failure }: { readonly edit: IndexEdit; readonly failure: string },
  options: CallOptions,
): Promise<void> {
  const tag = referrersTag(subject);
  let found = await readIndex(repository, subject, options);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const manifests = edit(found);
    if (manifests === undefined) return;
    const raw = new TextEncoder().encode(JSON.stringify({ ...found.body, manifests }));
    const { etag } = found;
    try {
      await repository.putManifest(tag, raw, MEDIA_TYPE.ociIndex, { ...options, ifMatch: etag });
    } catch (error) {
      if (!(error instanceof RegistryError && error.status === 412)) throw error;
    }
    found = await readIndex(repository, subject, options);
  }
  if (edit(found) === undefined) return;
  const name = `${repository.registry}/${repository.name}:${tag}`;
  throw new AppError('REGISTRY_ERROR', `${name} ${failure}`, {
    hint: 'Others write the same list; try again when they are done.',
  });
}

interface ReferrersIndex {
  readonly body: object;
  /** The entries as written, including members that regctl does not know. */
  readonly entries: readonly unknown[];
  readonly digests: ReadonlySet<string>;
  readonly etag: string | undefined;
}

const EMPTY: ReferrersIndex = {
  body: { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex },
  entries: [],
  digests: new Set(),
  etag: undefined,
};

/** Deleting the last manifest may remove the repository, too. */
const ABSENT: ReadonlySet<string> = new Set(['MANIFEST_UNKNOWN', 'REPOSITORY_UNKNOWN']);

async function readIndex(
  repository: Repository,
  subject: Digest,
  options: CallOptions,
): Promise<ReferrersIndex> {
  const tag = referrersTag(subject);
  const answer = await repository.getManifest(tag, options).catch((error: unknown) => {
    if (error instanceof AppError && ABSENT.has(error.code)) return undefined;
    throw error;
  });
  if (answer === undefined || isSubjectItself(answer, subject)) return EMPTY;
  const { raw, headers } = answer;
  const manifest = parseManifest(raw);
  const body = parseJsonStrict(raw, 'INVALID_MANIFEST', 'referrers index');
  if (manifest.kind !== 'index' || !isRecord(body) || !Array.isArray(body['manifests'])) {
    throw new AppError(
      'INVALID_MANIFEST',
      `${repository.registry}/${repository.name}:${tag} should list referrers, but it is not an index`,
      {
        hint: `Look at what has this tag: regctl inspect ${repository.registry}/${repository.name}:${tag}`,
      },
    );
  }
  const digests = new Set<string>(manifest.manifests.map((one) => one.digest));
  const etag = headers.get('etag');
  return { body, entries: body['manifests'] as unknown[], digests, etag };
}
